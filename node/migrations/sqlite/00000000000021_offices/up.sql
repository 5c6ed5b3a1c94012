-- Offices: `own` ones of this node's organisation, and the address book of `partner` offices, with a node or without. They
-- hold contacts of offices and of nobody in person.
CREATE TABLE office (
    id text PRIMARY KEY NOT NULL,
    book text NOT NULL,
    organisation text,
    entry text NOT NULL,
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    removed_at integer,
    version integer NOT NULL
) STRICT;
CREATE INDEX office_book ON office (book, created_at, id);

-- Which office is competent for which municipality.
CREATE TABLE office_comune (
    office text NOT NULL,
    comune text NOT NULL,
    PRIMARY KEY (office, comune)
) STRICT;
CREATE INDEX office_comune_comune ON office_comune (comune);

-- What of the disclosures left on paper, and in which thread.
CREATE TABLE paper (
    disclosure text PRIMARY KEY NOT NULL,
    thread text NOT NULL
) STRICT;
CREATE INDEX paper_thread ON paper (thread);

-- To which office a referral goes, and why to that one if it is another than was proposed.
CREATE TABLE referral_office (
    referral text PRIMARY KEY NOT NULL,
    subject text NOT NULL,
    office text NOT NULL,
    proposed text,
    follows text,
    sealed blob
) STRICT;
CREATE INDEX referral_office_subject ON referral_office (subject);

-- A sheet as it was made: printed again it says the same. Its id is that of its disclosure.
CREATE TABLE referral_sheet (
    id text PRIMARY KEY NOT NULL,
    referral text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    groups text NOT NULL,
    record text NOT NULL,
    record_seq integer NOT NULL,
    card_version integer NOT NULL,
    made_at integer NOT NULL,
    made_by text,
    sent_at integer,
    channel text,
    sealed blob NOT NULL
) STRICT;
CREATE INDEX referral_sheet_referral ON referral_sheet (referral);
CREATE INDEX referral_sheet_subject ON referral_sheet (subject);

-- A recall by letter, and what the office answered.
CREATE TABLE paper_recall (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    office text NOT NULL,
    organisation text NOT NULL,
    thread text,
    record text,
    record_seq integer,
    groups text NOT NULL,
    opened_at integer NOT NULL,
    due_at integer NOT NULL,
    sent_at integer,
    sent_channel text,
    answered_at integer,
    answer_channel text,
    sealed blob,
    version integer NOT NULL
) STRICT;
CREATE INDEX paper_recall_subject ON paper_recall (subject);
CREATE INDEX paper_recall_open ON paper_recall (answered_at, due_at);
