-- A consent that this node may use: one purpose, one recipient. `person` is the record's subject.
CREATE TABLE open_grant (
    record text NOT NULL,
    seq integer NOT NULL,
    subject text NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    groups text NOT NULL,
    not_after integer NOT NULL,
    single_use integer NOT NULL,
    notice_hash text NOT NULL,
    state text NOT NULL,
    opened_at integer NOT NULL,
    closed_at integer,
    PRIMARY KEY (record, seq)
) STRICT;
CREATE INDEX open_grant_subject ON open_grant (subject, purpose);

-- A withdrawn record: covers every seq up to this one, for ever.
CREATE TABLE tombstone (
    issuer text NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    at integer NOT NULL,
    PRIMARY KEY (issuer, record)
) STRICT;

-- What left, to whom, on which ground. One row a message.
CREATE TABLE disclosure (
    message text PRIMARY KEY NOT NULL,
    subject text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    kind text NOT NULL,
    purpose text,
    groups text NOT NULL,
    ground text NOT NULL,
    record text,
    record_seq integer,
    card_version integer,
    at integer NOT NULL
) STRICT;
CREATE INDEX disclosure_subject ON disclosure (subject, at);
CREATE INDEX disclosure_record ON disclosure (record);

-- What came, from whom, on which ground of theirs. One row a message that brought groups.
CREATE TABLE holding (
    message text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    subject text NOT NULL,
    thread text,
    purpose text NOT NULL,
    groups text NOT NULL,
    record text NOT NULL,
    record_seq integer NOT NULL,
    not_after integer NOT NULL,
    at integer NOT NULL
) STRICT;
CREATE INDEX holding_record ON holding (peer, record);

-- A conversation with one peer. `id` is local; `wire` and `subject_ref` mean something only within the pair.
CREATE TABLE thread (
    id text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    wire text NOT NULL,
    side text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    subject_ref text NOT NULL,
    state text NOT NULL,
    sent_seq integer NOT NULL,
    seen_seq integer NOT NULL,
    opened_at integer NOT NULL,
    closed_at integer,
    UNIQUE (peer, wire)
) STRICT;
CREATE INDEX thread_subject ON thread (subject);

-- What stands for one of our people towards one peer, until a withdrawal is complete.
CREATE TABLE pairwise (
    peer text NOT NULL,
    subject_ref text NOT NULL,
    subject text NOT NULL,
    retired_at integer,
    PRIMARY KEY (peer, subject_ref)
) STRICT;
CREATE INDEX pairwise_subject ON pairwise (subject, peer);

CREATE TABLE link_out (
    peer text PRIMARY KEY NOT NULL,
    epoch integer NOT NULL,
    given_seq integer NOT NULL,
    acked_seq integer NOT NULL,
    queued integer NOT NULL,
    peer_window integer NOT NULL,
    lease_token text,
    lease_until integer,
    next_attempt_at integer NOT NULL,
    failures integer NOT NULL,
    failing_since integer,
    last_error text
) STRICT;
CREATE INDEX link_out_due ON link_out (next_attempt_at);

CREATE TABLE link_in (
    peer text PRIMARY KEY NOT NULL,
    epoch integer NOT NULL,
    through_seq integer NOT NULL,
    receipt_digest text,
    unopened_bytes integer NOT NULL,
    internal_errors integer NOT NULL
) STRICT;

-- Messages that wait, are under way, or are settled. `sealed` are the frozen bytes under the subject's key.
CREATE TABLE outbox (
    message text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    kind text NOT NULL,
    thread text,
    thread_seq integer,
    subject text,
    purpose text,
    ground text NOT NULL,
    record text,
    record_seq integer,
    priority integer NOT NULL,
    queue_no integer NOT NULL,
    epoch integer,
    seq integer,
    digest text NOT NULL,
    sealed blob,
    size integer NOT NULL,
    state text NOT NULL,
    code text,
    receipt text,
    queued_at integer NOT NULL,
    expires_at integer,
    settled_at integer,
    UNIQUE (peer, epoch, seq)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (peer, state, priority, queue_no);
CREATE INDEX outbox_record ON outbox (record);
CREATE INDEX outbox_expiry ON outbox (state, expires_at);

-- One row for each number of a peer's stream, as decided.
CREATE TABLE inbox_item (
    peer text NOT NULL,
    epoch integer NOT NULL,
    seq integer NOT NULL,
    message text,
    digest text NOT NULL,
    outcome text NOT NULL,
    code text,
    at integer NOT NULL,
    PRIMARY KEY (peer, epoch, seq)
) STRICT;

-- The memory of ids, which crosses epochs; and the frozen bytes of what was accepted, sealed. `unopened` is their size
-- until somebody has looked at them.
CREATE TABLE known_message (
    peer text NOT NULL,
    message text NOT NULL,
    digest text NOT NULL,
    outcome text NOT NULL,
    code text,
    kind text,
    thread text,
    thread_seq integer,
    subject text,
    sealed blob,
    unopened integer NOT NULL,
    received_at integer NOT NULL,
    forget_at integer,
    PRIMARY KEY (peer, message)
) STRICT;
CREATE INDEX known_message_forget ON known_message (forget_at);
CREATE INDEX known_message_thread ON known_message (peer, thread);

CREATE TABLE receipt (
    id text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    direction text NOT NULL,
    epoch integer NOT NULL,
    through_seq integer NOT NULL,
    jws text NOT NULL,
    digest text NOT NULL,
    at integer NOT NULL
) STRICT;
CREATE INDEX receipt_peer ON receipt (peer, direction, epoch, through_seq);
