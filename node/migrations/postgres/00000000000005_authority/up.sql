-- A voucher for one organisation to join. Only the hash of its secret half is kept.
CREATE TABLE invitation (
    selector text PRIMARY KEY NOT NULL,
    code_hash bytea NOT NULL,
    roles jsonb NOT NULL,
    organisation_id text,
    organisation_name text,
    automatic boolean NOT NULL,
    agreement_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    used_by text
);

-- The members of the network that this authority admitted, refused or put out. Organisations, never people.
CREATE TABLE member (
    entity_id text PRIMARY KEY NOT NULL,
    slug text NOT NULL UNIQUE,
    organisation_name text NOT NULL,
    ipa_code text,
    vat_number text,
    email text NOT NULL,
    public_body boolean NOT NULL,
    roles jsonb NOT NULL,
    federation_jwks jsonb NOT NULL,
    capabilities jsonb NOT NULL,
    state text NOT NULL,
    agreement_until timestamptz NOT NULL,
    limited_until timestamptz,
    invitation text NOT NULL,
    keys_issued_at timestamptz NOT NULL,
    joined_at timestamptz NOT NULL,
    approved_at timestamptz,
    changed_at timestamptz NOT NULL,
    revision integer NOT NULL
);
CREATE INDEX member_state ON member (state, entity_id);

-- Every mark that was ever given, by the digest of its bytes.
CREATE TABLE trust_mark (
    digest text PRIMARY KEY NOT NULL,
    member text NOT NULL,
    jws text NOT NULL,
    kid text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX trust_mark_member ON trust_mark (member, issued_at);

-- This node's own place in the network: one row.
CREATE TABLE membership (
    entity_id text PRIMARY KEY NOT NULL,
    authority text,
    slug text,
    state text NOT NULL,
    roles jsonb NOT NULL,
    organisation_ids jsonb NOT NULL,
    mark_expires_at timestamptz,
    key_change jsonb,
    key_changes integer NOT NULL,
    refresh_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
