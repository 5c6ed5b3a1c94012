-- What an account gets in with. A person has a password and a second factor, or a provider that vouches for her; an
-- integration (kind service) has client secrets. An account without a row is a person's that has no password.
CREATE TABLE staff_login (
    staff text PRIMARY KEY NOT NULL REFERENCES staff (id),
    kind text NOT NULL,
    password text,
    password_set_at integer,
    temporary_until integer,
    totp blob,
    totp_offered blob,
    totp_step integer NOT NULL
) STRICT;

-- Of a recovery code only a keyed digest is kept.
CREATE TABLE staff_recovery_code (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    digest blob UNIQUE NOT NULL,
    used_at integer
) STRICT;
CREATE INDEX staff_recovery_code_staff ON staff_recovery_code (staff);

CREATE TABLE staff_session (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    hash blob UNIQUE NOT NULL,
    standing text NOT NULL,
    method text NOT NULL,
    created_at integer NOT NULL,
    seen_at integer NOT NULL,
    expires_at integer NOT NULL,
    ended_at integer
) STRICT;
CREATE INDEX staff_session_staff ON staff_session (staff);
CREATE INDEX staff_session_expires_at ON staff_session (expires_at);

-- Failures by account and source, both as keyed digests: neither a name nor an address.
CREATE TABLE staff_attempt (
    account blob NOT NULL,
    source blob NOT NULL,
    failures integer NOT NULL,
    since integer NOT NULL,
    last_at integer NOT NULL,
    blocked_until integer,
    PRIMARY KEY (account, source)
) STRICT;
CREATE INDEX staff_attempt_last_at ON staff_attempt (last_at);

-- Whom an OpenID provider's subject is here.
CREATE TABLE staff_identity (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    issuer text NOT NULL,
    sub text NOT NULL,
    linked_at integer NOT NULL,
    UNIQUE (issuer, sub)
) STRICT;
CREATE INDEX staff_identity_staff ON staff_identity (staff);

-- A log-in at a provider that is under way: digests of the state and of the browser's cookie.
CREATE TABLE oidc_login (
    state blob PRIMARY KEY NOT NULL,
    browser blob NOT NULL,
    expires_at integer NOT NULL
) STRICT;

CREATE TABLE staff_client_secret (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    hash blob UNIQUE NOT NULL,
    label text NOT NULL,
    scopes text NOT NULL,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer,
    last_used_at integer
) STRICT;
CREATE INDEX staff_client_secret_staff ON staff_client_secret (staff);

-- The short-lived tokens that were issued, by jti, until they have expired.
CREATE TABLE staff_access_token (
    id text PRIMARY KEY NOT NULL,
    staff text NOT NULL REFERENCES staff (id),
    secret text NOT NULL REFERENCES staff_client_secret (id),
    expires_at integer NOT NULL,
    revoked_at integer
) STRICT;
CREATE INDEX staff_access_token_staff ON staff_access_token (staff);
CREATE INDEX staff_access_token_expires_at ON staff_access_token (expires_at);

-- Null: everything that the role may do.
ALTER TABLE staff_token ADD COLUMN scopes text;
