-- Who works here. A display label is personal data of staff: shown at the desk, never logged.
CREATE TABLE staff (
    id text PRIMARY KEY NOT NULL,
    username text UNIQUE NOT NULL,
    display_label text NOT NULL,
    role text NOT NULL,
    created_at integer NOT NULL,
    disabled_at integer
) STRICT;

-- Of a token only its digest is kept.
CREATE TABLE staff_token (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    hash blob UNIQUE NOT NULL,
    label text NOT NULL,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer,
    last_used_at integer
) STRICT;
CREATE INDEX staff_token_staff ON staff_token (staff);
