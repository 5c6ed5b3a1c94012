-- The network authority as pinned at joining; the pins follow what it announces.
CREATE TABLE trust_anchor (
    entity_id text PRIMARY KEY NOT NULL,
    pins text NOT NULL,
    configuration text,
    announced_at integer,
    expires_at integer,
    refresh_at integer NOT NULL
) STRICT;

-- Members that this node had to do with, each with its last verified chain. `ipa_id` and `vat_id` name the
-- organisation as consents do.
CREATE TABLE peer (
    entity_id text PRIMARY KEY NOT NULL,
    organisation_name text NOT NULL,
    ipa_id text,
    vat_id text,
    roles text NOT NULL,
    resource text NOT NULL,
    chain_digest text NOT NULL,
    chain_exp integer NOT NULL,
    configuration text NOT NULL,
    statement text,
    anchor_configuration text NOT NULL,
    verified_at integer NOT NULL,
    mark_exp integer,
    mark_status text,
    mark_checked_at integer,
    expelled_at integer,
    refresh_at integer NOT NULL,
    key_refresh_at integer NOT NULL,
    failures integer NOT NULL,
    last_failure text,
    last_failure_at integer
) STRICT;
CREATE INDEX peer_ipa ON peer (ipa_id);
CREATE INDEX peer_vat ON peer (vat_id);
CREATE INDEX peer_refresh ON peer (refresh_at);

-- Chains on which something was taken or delivered: part of the evidence.
CREATE TABLE chain_used (
    digest text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    documents text NOT NULL,
    used_at integer NOT NULL
) STRICT;
CREATE INDEX chain_used_peer ON chain_used (peer, used_at);

-- Ids of calls that were taken, shared by all processes, until their tokens are dead.
CREATE TABLE modi_seen (
    iss text NOT NULL,
    jti text NOT NULL,
    forget_at integer NOT NULL,
    PRIMARY KEY (iss, jti)
) STRICT;
CREATE INDEX modi_seen_forget ON modi_seen (forget_at);
