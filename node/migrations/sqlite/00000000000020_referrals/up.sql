-- A referral as this node's copy of its thread tells it. `state` is null at a taker that has no referral yet. What the
-- person would not want read stands sealed, event by event.
CREATE TABLE referral (
    id text PRIMARY KEY NOT NULL,
    thread text NOT NULL UNIQUE,
    side text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    recipient_ids text NOT NULL,
    person text,
    subject text NOT NULL,
    purpose text NOT NULL,
    state text,
    preview_state text NOT NULL,
    preview_sent_at integer,
    preview_message text,
    last_message text,
    due_on text,
    due_left integer,
    tell_since integer,
    told_at integer,
    told_by text,
    told_how text,
    known_choice text,
    already_known integer,
    duplicate_confirmed integer NOT NULL,
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    version integer NOT NULL
) STRICT;
CREATE INDEX referral_person ON referral (person);
CREATE INDEX referral_subject ON referral (subject);
CREATE INDEX referral_newest ON referral (created_at, id);

-- One row a message of the thread, in the order in which this node processed them.
CREATE TABLE referral_event (
    id text PRIMARY KEY NOT NULL,
    referral text NOT NULL,
    ordinal integer NOT NULL,
    own integer NOT NULL,
    said text NOT NULL,
    thread_seq integer NOT NULL,
    seen integer NOT NULL,
    message text NOT NULL,
    at integer NOT NULL,
    actor_role text NOT NULL,
    fate text NOT NULL,
    superseded integer NOT NULL,
    transport text,
    code text,
    settled integer NOT NULL,
    sealed blob,
    UNIQUE (referral, ordinal)
) STRICT;
CREATE INDEX referral_event_message ON referral_event (message);
CREATE INDEX referral_event_unsettled ON referral_event (settled);
