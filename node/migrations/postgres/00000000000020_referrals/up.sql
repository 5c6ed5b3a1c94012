-- A referral as this node's copy of its thread tells it. `state` is null at a taker that has no referral yet. What the
-- person would not want read stands sealed, event by event.
CREATE TABLE referral (
    id uuid PRIMARY KEY NOT NULL,
    thread uuid NOT NULL UNIQUE,
    side text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    recipient_ids text NOT NULL,
    person uuid,
    subject uuid NOT NULL,
    purpose text NOT NULL,
    state text,
    preview_state text NOT NULL,
    preview_sent_at timestamptz,
    preview_message uuid,
    last_message uuid,
    due_on date,
    due_left integer,
    tell_since timestamptz,
    told_at timestamptz,
    told_by uuid,
    told_how text,
    known_choice text,
    already_known boolean,
    duplicate_confirmed boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL
);
CREATE INDEX referral_person ON referral (person);
CREATE INDEX referral_subject ON referral (subject);
CREATE INDEX referral_newest ON referral (created_at, id);

-- One row a message of the thread, in the order in which this node processed them.
CREATE TABLE referral_event (
    id uuid PRIMARY KEY NOT NULL,
    referral uuid NOT NULL,
    ordinal integer NOT NULL,
    own boolean NOT NULL,
    said text NOT NULL,
    thread_seq bigint NOT NULL,
    seen bigint NOT NULL,
    message uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_role text NOT NULL,
    fate text NOT NULL,
    superseded boolean NOT NULL,
    transport text,
    code text,
    settled boolean NOT NULL,
    sealed bytea,
    UNIQUE (referral, ordinal)
);
CREATE INDEX referral_event_message ON referral_event (message);
CREATE INDEX referral_event_unsettled ON referral_event (settled);
