-- Someone whom this node accompanies. `label`, sealed, is how staff call her in lists.
CREATE TABLE person (
    id uuid PRIMARY KEY NOT NULL,
    subject uuid UNIQUE NOT NULL,
    label bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL
);
CREATE INDEX person_listed ON person (created_at, id);

-- What finds her again: `token` is blind and only names candidates, the sealed value is compared.
CREATE TABLE person_index (
    person uuid NOT NULL,
    field text NOT NULL,
    token integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (person, field)
);
CREATE INDEX person_index_token ON person_index (field, token);

-- The newest version of each person's card; changed by compare-and-set.
CREATE TABLE card (
    person uuid PRIMARY KEY NOT NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Every version of a card, as it was saved.
CREATE TABLE card_version (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    version integer NOT NULL,
    sealed bytea NOT NULL,
    saved_by uuid,
    saved_at timestamptz NOT NULL,
    UNIQUE (person, version)
);

-- How one recipient counts the versions that it was shown.
CREATE TABLE card_shown (
    peer text NOT NULL,
    subject_ref uuid NOT NULL,
    local_version integer NOT NULL,
    shown_version integer NOT NULL,
    subject uuid NOT NULL,
    PRIMARY KEY (peer, subject_ref, local_version),
    UNIQUE (peer, subject_ref, shown_version)
);
CREATE INDEX card_shown_subject ON card_shown (subject);

-- Groups of somebody else's card, one row for each group that a message brought.
CREATE TABLE received_card (
    id uuid PRIMARY KEY NOT NULL,
    thread uuid NOT NULL,
    subject uuid NOT NULL,
    message uuid NOT NULL,
    thread_seq bigint NOT NULL,
    card_version integer NOT NULL,
    part text NOT NULL,
    sealed bytea NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (message, part)
);
CREATE INDEX received_card_thread ON received_card (thread, part, thread_seq);
CREATE INDEX received_card_subject ON received_card (subject);

-- What a person answered when she was asked: one row for each answer of a record. Words are sealed.
CREATE TABLE consent (
    id uuid PRIMARY KEY NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    groups text NOT NULL,
    state text NOT NULL,
    answered_at timestamptz NOT NULL,
    not_after timestamptz,
    single_use boolean NOT NULL,
    notice text NOT NULL,
    notice_version text NOT NULL,
    notice_language text NOT NULL,
    notice_hash text NOT NULL,
    read_aloud boolean NOT NULL,
    expressed_by text NOT NULL,
    indication_method text NOT NULL,
    mediator uuid,
    entered_by uuid,
    sealed bytea,
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdrawn_channel text,
    recall uuid,
    recall_due timestamptz,
    UNIQUE (record, seq)
);
CREATE INDEX consent_person ON consent (person, answered_at);
CREATE INDEX consent_recall ON consent (recall_due);
