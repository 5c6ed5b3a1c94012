-- A voucher for one organisation to join. Only the hash of its secret half is kept.
CREATE TABLE invitation (
    selector text PRIMARY KEY NOT NULL,
    code_hash blob NOT NULL,
    roles text NOT NULL,
    organisation_id text,
    organisation_name text,
    automatic integer NOT NULL,
    agreement_until integer NOT NULL,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    used_at integer,
    used_by text
) STRICT;

-- The members of the network that this authority admitted, refused or put out. Organisations, never people.
CREATE TABLE member (
    entity_id text PRIMARY KEY NOT NULL,
    slug text NOT NULL UNIQUE,
    organisation_name text NOT NULL,
    ipa_code text,
    vat_number text,
    email text NOT NULL,
    public_body integer NOT NULL,
    roles text NOT NULL,
    federation_jwks text NOT NULL,
    capabilities text NOT NULL,
    state text NOT NULL,
    agreement_until integer NOT NULL,
    limited_until integer,
    invitation text NOT NULL,
    keys_issued_at integer NOT NULL,
    joined_at integer NOT NULL,
    approved_at integer,
    changed_at integer NOT NULL,
    revision integer NOT NULL
) STRICT;
CREATE INDEX member_state ON member (state, entity_id);

-- Every mark that was ever given, by the digest of its bytes.
CREATE TABLE trust_mark (
    digest text PRIMARY KEY NOT NULL,
    member text NOT NULL,
    jws text NOT NULL,
    kid text NOT NULL,
    issued_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer
) STRICT;
CREATE INDEX trust_mark_member ON trust_mark (member, issued_at);

-- This node's own place in the network: one row.
CREATE TABLE membership (
    entity_id text PRIMARY KEY NOT NULL,
    authority text,
    slug text,
    state text NOT NULL,
    roles text NOT NULL,
    organisation_ids text NOT NULL,
    mark_expires_at integer,
    key_change text,
    key_changes integer NOT NULL,
    refresh_at integer NOT NULL,
    updated_at integer NOT NULL
) STRICT;
