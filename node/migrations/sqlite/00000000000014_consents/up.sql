-- What people are told before they are asked: a notice in its versions, with a text in each language. A text that an
-- answer names never changes; nobody's data.
CREATE TABLE notice (
    id text PRIMARY KEY NOT NULL,
    code text NOT NULL,
    version text NOT NULL,
    purposes text NOT NULL,
    controller text NOT NULL,
    processor text,
    created_at integer NOT NULL,
    created_by text,
    retired_at integer,
    UNIQUE (code, version)
) STRICT;

CREATE TABLE notice_text (
    hash text PRIMARY KEY NOT NULL,
    notice text NOT NULL,
    language text NOT NULL,
    heading text NOT NULL,
    body text NOT NULL,
    audio_path text,
    audio_hash text,
    added_at integer NOT NULL,
    added_by text,
    verified_by text,
    verified_on text,
    UNIQUE (notice, language)
) STRICT;

-- For whom the node does what: a purpose that no row names is its own.
CREATE TABLE activity (
    code text PRIMARY KEY NOT NULL,
    purposes text NOT NULL,
    acts_as text NOT NULL,
    controller_id text,
    controller_label text,
    act text,
    act_date text,
    instructed text NOT NULL,
    changed_at integer NOT NULL,
    changed_by text
) STRICT;

-- A question that was put and waits for its answer, under the id that the record of the answer will have.
CREATE TABLE consent_request (
    record text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    recipient_label text,
    groups text NOT NULL,
    notice_hash text NOT NULL,
    state text NOT NULL,
    asked_at integer NOT NULL,
    asked_by text,
    ask_again_at integer,
    settled_at integer
) STRICT;
CREATE INDEX consent_request_person ON consent_request (person, asked_at);
CREATE INDEX consent_request_open ON consent_request (state, asked_at);

-- What happened to each record, in order.
CREATE TABLE consent_event (
    id text PRIMARY KEY NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    ordinal integer NOT NULL,
    state text NOT NULL,
    at integer NOT NULL,
    not_after integer,
    brought_by text NOT NULL,
    staff text,
    UNIQUE (record, ordinal)
) STRICT;
CREATE INDEX consent_event_person ON consent_event (person, at);

-- Receipts as they were signed: one for each state of each answer that somebody asked a receipt of.
CREATE TABLE consent_receipt (
    id text PRIMARY KEY NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    state text NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    made_at integer NOT NULL,
    digest text NOT NULL,
    sealed blob NOT NULL,
    UNIQUE (record, seq, state)
) STRICT;
CREATE INDEX consent_receipt_person ON consent_receipt (person);

-- Beside an answer: what the recipient was called, whether the text was a draft, when her guardian's
-- word ends, when she was last reminded.
ALTER TABLE consent ADD COLUMN recipient_label text;
ALTER TABLE consent ADD COLUMN notice_draft integer NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN ends_early integer;
ALTER TABLE consent ADD COLUMN reminded_at integer;
CREATE INDEX consent_ends ON consent (state, not_after);

-- A grant of one use is held for the message that uses it. One that a guardian gave ends when the person is of age.
ALTER TABLE open_grant ADD COLUMN held_for text;
ALTER TABLE open_grant ADD COLUMN ends_early integer;
CREATE INDEX open_grant_held ON open_grant (held_for);
