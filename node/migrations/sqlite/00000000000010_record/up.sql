-- Someone whom this node accompanies. `label`, sealed, is how staff call her in lists.
CREATE TABLE person (
    id text PRIMARY KEY NOT NULL,
    subject text UNIQUE NOT NULL,
    label blob NOT NULL,
    created_at integer NOT NULL,
    created_by text,
    updated_at integer NOT NULL
) STRICT;
CREATE INDEX person_listed ON person (created_at, id);

-- What finds her again: `token` is blind and only names candidates, the sealed value is compared.
CREATE TABLE person_index (
    person text NOT NULL,
    field text NOT NULL,
    token integer NOT NULL,
    sealed blob NOT NULL,
    PRIMARY KEY (person, field)
) STRICT;
CREATE INDEX person_index_token ON person_index (field, token);

-- The newest version of each person's card; changed by compare-and-set.
CREATE TABLE card (
    person text PRIMARY KEY NOT NULL,
    version integer NOT NULL,
    updated_at integer NOT NULL
) STRICT;

-- Every version of a card, as it was saved.
CREATE TABLE card_version (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    version integer NOT NULL,
    sealed blob NOT NULL,
    saved_by text,
    saved_at integer NOT NULL,
    UNIQUE (person, version)
) STRICT;

-- How one recipient counts the versions that it was shown.
CREATE TABLE card_shown (
    peer text NOT NULL,
    subject_ref text NOT NULL,
    local_version integer NOT NULL,
    shown_version integer NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (peer, subject_ref, local_version),
    UNIQUE (peer, subject_ref, shown_version)
) STRICT;
CREATE INDEX card_shown_subject ON card_shown (subject);

-- Groups of somebody else's card, one row for each group that a message brought.
CREATE TABLE received_card (
    id text PRIMARY KEY NOT NULL,
    thread text NOT NULL,
    subject text NOT NULL,
    message text NOT NULL,
    thread_seq integer NOT NULL,
    card_version integer NOT NULL,
    part text NOT NULL,
    sealed blob NOT NULL,
    received_at integer NOT NULL,
    UNIQUE (message, part)
) STRICT;
CREATE INDEX received_card_thread ON received_card (thread, part, thread_seq);
CREATE INDEX received_card_subject ON received_card (subject);

-- What a person answered when she was asked: one row for each answer of a record. Words are sealed.
CREATE TABLE consent (
    id text PRIMARY KEY NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    groups text NOT NULL,
    state text NOT NULL,
    answered_at integer NOT NULL,
    not_after integer,
    single_use integer NOT NULL,
    notice text NOT NULL,
    notice_version text NOT NULL,
    notice_language text NOT NULL,
    notice_hash text NOT NULL,
    read_aloud integer NOT NULL,
    expressed_by text NOT NULL,
    indication_method text NOT NULL,
    mediator text,
    entered_by text,
    sealed blob,
    withdrawn_at integer,
    withdrawn_by text,
    withdrawn_channel text,
    recall text,
    recall_due integer,
    UNIQUE (record, seq)
) STRICT;
CREATE INDEX consent_person ON consent (person, answered_at);
CREATE INDEX consent_recall ON consent (recall_due);
