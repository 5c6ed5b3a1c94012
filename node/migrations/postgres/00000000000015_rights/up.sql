-- What people ask for as a right of theirs: access, rectification, restriction, erasure, portability, objection. What
-- was asked and answered in words is sealed for the person.
CREATE TABLE rights_request (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    channel text NOT NULL,
    said_by text NOT NULL,
    received_at timestamptz NOT NULL,
    entered_at timestamptz NOT NULL,
    entered_by uuid,
    due_at timestamptz NOT NULL,
    extended_at timestamptz,
    outcome text,
    answered_at timestamptz,
    answered_by uuid,
    card_version integer,
    sealed bytea NOT NULL,
    step text,
    not_before timestamptz,
    step_at timestamptz,
    version integer NOT NULL
);
CREATE INDEX rights_request_person ON rights_request (person, received_at);
CREATE INDEX rights_request_due ON rights_request (due_at, id);
CREATE INDEX rights_request_step ON rights_request (step);

-- What happened to each request, in order.
CREATE TABLE rights_event (
    id uuid PRIMARY KEY NOT NULL,
    request uuid NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    ordinal integer NOT NULL,
    what text NOT NULL,
    at timestamptz NOT NULL,
    staff uuid,
    code text,
    UNIQUE (request, ordinal)
);
CREATE INDEX rights_event_person ON rights_event (person, at);
