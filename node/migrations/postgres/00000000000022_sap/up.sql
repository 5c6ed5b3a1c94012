-- What this office recorded of a person that it took on: declaration, agreement and protocol, sealed. One row a referral.
CREATE TABLE office_record (
    referral uuid PRIMARY KEY NOT NULL,
    subject uuid NOT NULL,
    version integer NOT NULL,
    sealed bytea NOT NULL,
    updated_by uuid,
    updated_at timestamptz NOT NULL
);
CREATE INDEX office_record_subject ON office_record (subject);

-- What happened in active policies, event by event, in the order in which it was entered. What each says is sealed.
CREATE TABLE policy_event (
    id uuid PRIMARY KEY NOT NULL,
    referral uuid NOT NULL,
    subject uuid NOT NULL,
    ordinal integer NOT NULL,
    sealed bytea NOT NULL,
    noted_by uuid,
    noted_at timestamptz NOT NULL,
    UNIQUE (referral, ordinal)
);
CREATE INDEX policy_event_subject ON policy_event (subject);
