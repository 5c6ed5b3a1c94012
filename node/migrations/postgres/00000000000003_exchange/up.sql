-- A consent that this node may use: one purpose, one recipient. `person` is the record's subject.
CREATE TABLE open_grant (
    record uuid NOT NULL,
    seq integer NOT NULL,
    subject uuid NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    groups text NOT NULL,
    not_after timestamptz NOT NULL,
    single_use boolean NOT NULL,
    notice_hash text NOT NULL,
    state text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (record, seq)
);
CREATE INDEX open_grant_subject ON open_grant (subject, purpose);

-- A withdrawn record: covers every seq up to this one, for ever.
CREATE TABLE tombstone (
    issuer text NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (issuer, record)
);

-- What left, to whom, on which ground. One row a message.
CREATE TABLE disclosure (
    message uuid PRIMARY KEY NOT NULL,
    subject uuid NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    kind text NOT NULL,
    purpose text,
    groups text NOT NULL,
    ground text NOT NULL,
    record uuid,
    record_seq integer,
    card_version integer,
    at timestamptz NOT NULL
);
CREATE INDEX disclosure_subject ON disclosure (subject, at);
CREATE INDEX disclosure_record ON disclosure (record);

-- What came, from whom, on which ground of theirs. One row a message that brought groups.
CREATE TABLE holding (
    message uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    subject uuid NOT NULL,
    thread uuid,
    purpose text NOT NULL,
    groups text NOT NULL,
    record uuid NOT NULL,
    record_seq integer NOT NULL,
    not_after timestamptz NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX holding_record ON holding (peer, record);

-- A conversation with one peer. `id` is local; `wire` and `subject_ref` mean something only within the pair.
CREATE TABLE thread (
    id uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    wire uuid NOT NULL,
    side text NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    subject_ref uuid NOT NULL,
    state text NOT NULL,
    sent_seq bigint NOT NULL,
    seen_seq bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (peer, wire)
);
CREATE INDEX thread_subject ON thread (subject);

-- What stands for one of our people towards one peer, until a withdrawal is complete.
CREATE TABLE pairwise (
    peer text NOT NULL,
    subject_ref uuid NOT NULL,
    subject uuid NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (peer, subject_ref)
);
CREATE INDEX pairwise_subject ON pairwise (subject, peer);

CREATE TABLE link_out (
    peer text PRIMARY KEY NOT NULL,
    epoch integer NOT NULL,
    given_seq bigint NOT NULL,
    acked_seq bigint NOT NULL,
    queued bigint NOT NULL,
    peer_window integer NOT NULL,
    lease_token uuid,
    lease_until timestamptz,
    next_attempt_at timestamptz NOT NULL,
    failures integer NOT NULL,
    failing_since timestamptz,
    last_error text
);
CREATE INDEX link_out_due ON link_out (next_attempt_at);

CREATE TABLE link_in (
    peer text PRIMARY KEY NOT NULL,
    epoch integer NOT NULL,
    through_seq bigint NOT NULL,
    receipt_digest text,
    unopened_bytes bigint NOT NULL,
    internal_errors integer NOT NULL
);

-- Messages that wait, are under way, or are settled. `sealed` are the frozen bytes under the subject's key.
CREATE TABLE outbox (
    message uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    kind text NOT NULL,
    thread uuid,
    thread_seq bigint,
    subject uuid,
    purpose text,
    ground text NOT NULL,
    record uuid,
    record_seq integer,
    priority integer NOT NULL,
    queue_no bigint NOT NULL,
    epoch integer,
    seq bigint,
    digest text NOT NULL,
    sealed bytea,
    size integer NOT NULL,
    state text NOT NULL,
    code text,
    receipt uuid,
    queued_at timestamptz NOT NULL,
    expires_at timestamptz,
    settled_at timestamptz,
    UNIQUE (peer, epoch, seq)
);
CREATE INDEX outbox_waiting ON outbox (peer, state, priority, queue_no);
CREATE INDEX outbox_record ON outbox (record);
CREATE INDEX outbox_expiry ON outbox (state, expires_at);

-- One row for each number of a peer's stream, as decided.
CREATE TABLE inbox_item (
    peer text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    message uuid,
    digest text NOT NULL,
    outcome text NOT NULL,
    code text,
    at timestamptz NOT NULL,
    PRIMARY KEY (peer, epoch, seq)
);

-- The memory of ids, which crosses epochs; and the frozen bytes of what was accepted, sealed. `unopened` is their size
-- until somebody has looked at them.
CREATE TABLE known_message (
    peer text NOT NULL,
    message uuid NOT NULL,
    digest text NOT NULL,
    outcome text NOT NULL,
    code text,
    kind text,
    thread uuid,
    thread_seq bigint,
    subject uuid,
    sealed bytea,
    unopened integer NOT NULL,
    received_at timestamptz NOT NULL,
    forget_at timestamptz,
    PRIMARY KEY (peer, message)
);
CREATE INDEX known_message_forget ON known_message (forget_at);
CREATE INDEX known_message_thread ON known_message (peer, thread);

CREATE TABLE receipt (
    id uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    direction text NOT NULL,
    epoch integer NOT NULL,
    through_seq bigint NOT NULL,
    jws text NOT NULL,
    digest text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX receipt_peer ON receipt (peer, direction, epoch, through_seq);
