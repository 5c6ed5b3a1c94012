-- Who works here. A display label is personal data of staff: shown at the desk, never logged.
CREATE TABLE staff (
    id uuid PRIMARY KEY NOT NULL,
    username text UNIQUE NOT NULL,
    display_label text NOT NULL,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

-- Of a token only its digest is kept.
CREATE TABLE staff_token (
    id uuid PRIMARY KEY NOT NULL,
    staff uuid NOT NULL REFERENCES staff (id),
    hash bytea UNIQUE NOT NULL,
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX staff_token_staff ON staff_token (staff);
