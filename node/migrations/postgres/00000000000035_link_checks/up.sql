-- When a failure of the link was last counted, and how often in a row the peer failed inside on what it was sent.
ALTER TABLE link_out ADD COLUMN failed_at timestamptz;
ALTER TABLE link_out ADD COLUMN stuck integer NOT NULL DEFAULT 0;

-- When each link is compared with what the peer knows of it.
CREATE TABLE link_check (
    peer text PRIMARY KEY NOT NULL,
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    failures integer NOT NULL,
    checked_at timestamptz
);
CREATE INDEX link_check_due ON link_check (due_at);
