-- What this office recorded of a person that it took on: declaration, agreement and protocol, sealed. One row a referral.
CREATE TABLE office_record (
    referral text PRIMARY KEY NOT NULL,
    subject text NOT NULL,
    version integer NOT NULL,
    sealed blob NOT NULL,
    updated_by text,
    updated_at integer NOT NULL
) STRICT;
CREATE INDEX office_record_subject ON office_record (subject);

-- What happened in active policies, event by event, in the order in which it was entered. What each says is sealed.
CREATE TABLE policy_event (
    id text PRIMARY KEY NOT NULL,
    referral text NOT NULL,
    subject text NOT NULL,
    ordinal integer NOT NULL,
    sealed blob NOT NULL,
    noted_by text,
    noted_at integer NOT NULL,
    UNIQUE (referral, ordinal)
) STRICT;
CREATE INDEX policy_event_subject ON policy_event (subject);
