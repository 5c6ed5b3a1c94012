-- The record of a person on its way from one body to another, on either side. What the answer says in words is sealed.
CREATE TABLE record_transfer (
    id text PRIMARY KEY NOT NULL,
    thread text NOT NULL UNIQUE,
    side text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    person text,
    subject text NOT NULL,
    state text NOT NULL,
    message text NOT NULL,
    code text,
    due_on text,
    answer text,
    answer_state text,
    reason text,
    sealed blob,
    answered_at integer,
    answered_by text,
    created_at integer NOT NULL,
    created_by text,
    updated_at integer NOT NULL,
    version integer NOT NULL
) STRICT;
CREATE INDEX record_transfer_person ON record_transfer (person);
CREATE INDEX record_transfer_subject ON record_transfer (subject);
CREATE INDEX record_transfer_message ON record_transfer (message);
CREATE INDEX record_transfer_answer ON record_transfer (answer);
CREATE INDEX record_transfer_age ON record_transfer (created_at, id);

-- Offices without a node that are to be told by letter that another body holds the card.
CREATE TABLE transfer_letter (
    id text PRIMARY KEY NOT NULL,
    transfer text NOT NULL,
    referral text NOT NULL,
    subject text NOT NULL,
    organisation text NOT NULL,
    opened_at integer NOT NULL,
    sent_at integer,
    channel text,
    sent_by text
) STRICT;
CREATE INDEX transfer_letter_transfer ON transfer_letter (transfer);
CREATE INDEX transfer_letter_subject ON transfer_letter (subject);

-- Who holds the record of somebody that was handed over: nothing more is disclosed from here.
CREATE TABLE holder_moved (
    subject text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    moved_at integer NOT NULL
) STRICT;
