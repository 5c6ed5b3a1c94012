-- What people ask for as a right of theirs: access, rectification, restriction, erasure, portability, objection. What
-- was asked and answered in words is sealed for the person.
CREATE TABLE rights_request (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    channel text NOT NULL,
    said_by text NOT NULL,
    received_at integer NOT NULL,
    entered_at integer NOT NULL,
    entered_by text,
    due_at integer NOT NULL,
    extended_at integer,
    outcome text,
    answered_at integer,
    answered_by text,
    card_version integer,
    sealed blob NOT NULL,
    step text,
    not_before integer,
    step_at integer,
    version integer NOT NULL
) STRICT;
CREATE INDEX rights_request_person ON rights_request (person, received_at);
CREATE INDEX rights_request_due ON rights_request (due_at, id);
CREATE INDEX rights_request_step ON rights_request (step);

-- What happened to each request, in order.
CREATE TABLE rights_event (
    id text PRIMARY KEY NOT NULL,
    request text NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    ordinal integer NOT NULL,
    what text NOT NULL,
    at integer NOT NULL,
    staff text,
    code text,
    UNIQUE (request, ordinal)
) STRICT;
CREATE INDEX rights_event_person ON rights_event (person, at);
