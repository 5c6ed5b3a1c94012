-- The record of a person on its way from one body to another, on either side. What the answer says in words is sealed.
CREATE TABLE record_transfer (
    id uuid PRIMARY KEY NOT NULL,
    thread uuid NOT NULL UNIQUE,
    side text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    person uuid,
    subject uuid NOT NULL,
    state text NOT NULL,
    message uuid NOT NULL,
    code text,
    due_on date,
    answer uuid,
    answer_state text,
    reason text,
    sealed bytea,
    answered_at timestamptz,
    answered_by uuid,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL
);
CREATE INDEX record_transfer_person ON record_transfer (person);
CREATE INDEX record_transfer_subject ON record_transfer (subject);
CREATE INDEX record_transfer_message ON record_transfer (message);
CREATE INDEX record_transfer_answer ON record_transfer (answer);
CREATE INDEX record_transfer_age ON record_transfer (created_at, id);

-- Offices without a node that are to be told by letter that another body holds the card.
CREATE TABLE transfer_letter (
    id uuid PRIMARY KEY NOT NULL,
    transfer uuid NOT NULL,
    referral uuid NOT NULL,
    subject uuid NOT NULL,
    organisation text NOT NULL,
    opened_at timestamptz NOT NULL,
    sent_at timestamptz,
    channel text,
    sent_by uuid
);
CREATE INDEX transfer_letter_transfer ON transfer_letter (transfer);
CREATE INDEX transfer_letter_subject ON transfer_letter (subject);

-- Who holds the record of somebody that was handed over: nothing more is disclosed from here.
CREATE TABLE holder_moved (
    subject uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    moved_at timestamptz NOT NULL
);
