-- Offices: `own` ones of this node's organisation, and the address book of `partner` offices, with a node or without. They
-- hold contacts of offices and of nobody in person.
CREATE TABLE office (
    id uuid PRIMARY KEY NOT NULL,
    book text NOT NULL,
    organisation text,
    entry jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz,
    version integer NOT NULL
);
CREATE INDEX office_book ON office (book, created_at, id);

-- Which office is competent for which municipality.
CREATE TABLE office_comune (
    office uuid NOT NULL,
    comune text NOT NULL,
    PRIMARY KEY (office, comune)
);
CREATE INDEX office_comune_comune ON office_comune (comune);

-- What of the disclosures left on paper, and in which thread.
CREATE TABLE paper (
    disclosure uuid PRIMARY KEY NOT NULL,
    thread uuid NOT NULL
);
CREATE INDEX paper_thread ON paper (thread);

-- To which office a referral goes, and why to that one if it is another than was proposed.
CREATE TABLE referral_office (
    referral uuid PRIMARY KEY NOT NULL,
    subject uuid NOT NULL,
    office uuid NOT NULL,
    proposed uuid,
    follows uuid,
    sealed bytea
);
CREATE INDEX referral_office_subject ON referral_office (subject);

-- A sheet as it was made: printed again it says the same. Its id is that of its disclosure.
CREATE TABLE referral_sheet (
    id uuid PRIMARY KEY NOT NULL,
    referral uuid NOT NULL,
    subject uuid NOT NULL,
    kind text NOT NULL,
    groups text NOT NULL,
    record uuid NOT NULL,
    record_seq integer NOT NULL,
    card_version integer NOT NULL,
    made_at timestamptz NOT NULL,
    made_by uuid,
    sent_at timestamptz,
    channel text,
    sealed bytea NOT NULL
);
CREATE INDEX referral_sheet_referral ON referral_sheet (referral);
CREATE INDEX referral_sheet_subject ON referral_sheet (subject);

-- A recall by letter, and what the office answered.
CREATE TABLE paper_recall (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    office uuid NOT NULL,
    organisation text NOT NULL,
    thread uuid,
    record uuid,
    record_seq integer,
    groups text NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    sent_at timestamptz,
    sent_channel text,
    answered_at timestamptz,
    answer_channel text,
    sealed bytea,
    version integer NOT NULL
);
CREATE INDEX paper_recall_subject ON paper_recall (subject);
CREATE INDEX paper_recall_open ON paper_recall (answered_at, due_at);
