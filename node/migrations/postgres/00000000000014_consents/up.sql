-- What people are told before they are asked: a notice in its versions, with a text in each language. A text that an
-- answer names never changes; nobody's data.
CREATE TABLE notice (
    id uuid PRIMARY KEY NOT NULL,
    code text NOT NULL,
    version text NOT NULL,
    purposes text NOT NULL,
    controller text NOT NULL,
    processor text,
    created_at timestamptz NOT NULL,
    created_by uuid,
    retired_at timestamptz,
    UNIQUE (code, version)
);

CREATE TABLE notice_text (
    hash text PRIMARY KEY NOT NULL,
    notice uuid NOT NULL,
    language text NOT NULL,
    heading text NOT NULL,
    body text NOT NULL,
    audio_path text,
    audio_hash text,
    added_at timestamptz NOT NULL,
    added_by uuid,
    verified_by text,
    verified_on text,
    UNIQUE (notice, language)
);

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
    changed_at timestamptz NOT NULL,
    changed_by uuid
);

-- A question that was put and waits for its answer, under the id that the record of the answer will have.
CREATE TABLE consent_request (
    record uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    recipient_label text,
    groups text NOT NULL,
    notice_hash text NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by uuid,
    ask_again_at timestamptz,
    settled_at timestamptz
);
CREATE INDEX consent_request_person ON consent_request (person, asked_at);
CREATE INDEX consent_request_open ON consent_request (state, asked_at);

-- What happened to each record, in order.
CREATE TABLE consent_event (
    id uuid PRIMARY KEY NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    ordinal integer NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    not_after timestamptz,
    brought_by text NOT NULL,
    staff uuid,
    UNIQUE (record, ordinal)
);
CREATE INDEX consent_event_person ON consent_event (person, at);

-- Receipts as they were signed: one for each state of each answer that somebody asked a receipt of.
CREATE TABLE consent_receipt (
    id uuid PRIMARY KEY NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    state text NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    made_at timestamptz NOT NULL,
    digest text NOT NULL,
    sealed bytea NOT NULL,
    UNIQUE (record, seq, state)
);
CREATE INDEX consent_receipt_person ON consent_receipt (person);

-- Beside an answer: what the recipient was called, whether the text was a draft, when her guardian's
-- word ends, when she was last reminded.
ALTER TABLE consent ADD COLUMN recipient_label text;
ALTER TABLE consent ADD COLUMN notice_draft boolean NOT NULL DEFAULT false;
ALTER TABLE consent ADD COLUMN ends_early timestamptz;
ALTER TABLE consent ADD COLUMN reminded_at timestamptz;
CREATE INDEX consent_ends ON consent (state, not_after);

-- A grant of one use is held for the message that uses it. One that a guardian gave ends when the person is of age.
ALTER TABLE open_grant ADD COLUMN held_for uuid;
ALTER TABLE open_grant ADD COLUMN ends_early timestamptz;
CREATE INDEX open_grant_held ON open_grant (held_for);
