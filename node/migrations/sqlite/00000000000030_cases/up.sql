-- A case is a person's record, or a referral that came in: its id is theirs. Who works on it, and as what.
CREATE TABLE case_file (
    id text PRIMARY KEY NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    lead text,
    deputy text,
    opened_at integer NOT NULL,
    version integer NOT NULL
) STRICT;
CREATE INDEX case_file_lead ON case_file (lead);
CREATE INDEX case_file_deputy ON case_file (deputy);

-- Who works on it now; who did before stands in the journal.
CREATE TABLE case_member (
    case_file text NOT NULL REFERENCES case_file (id),
    staff text NOT NULL,
    functions text NOT NULL,
    supervisor text,
    since integer NOT NULL,
    PRIMARY KEY (case_file, staff)
) STRICT;
CREATE INDEX case_member_staff ON case_member (staff);

-- Somebody outside the team looked, for a time and a reason. The reason is sealed for the person.
CREATE TABLE broken_glass (
    id text PRIMARY KEY NOT NULL,
    case_file text NOT NULL REFERENCES case_file (id),
    subject text NOT NULL,
    staff text NOT NULL,
    sealed blob NOT NULL,
    at integer NOT NULL,
    until integer NOT NULL,
    person_told_at integer,
    reviewed_at integer,
    reviewed_by text
) STRICT;
CREATE INDEX broken_glass_staff ON broken_glass (staff, case_file, until);
CREATE INDEX broken_glass_subject ON broken_glass (subject);

-- The lead of a case changed hands: from whom to whom, and what she was told about it, sealed for the person.
CREATE TABLE case_handover (
    id text PRIMARY KEY NOT NULL,
    case_file text NOT NULL REFERENCES case_file (id),
    subject text NOT NULL,
    from_staff text,
    to_staff text NOT NULL,
    by_staff text NOT NULL,
    sealed blob NOT NULL,
    at integer NOT NULL
) STRICT;
CREATE INDEX case_handover_case ON case_handover (case_file, at);
CREATE INDEX case_handover_subject ON case_handover (subject);

-- What somebody who is learning did, until her supervisor has put a name to it.
CREATE TABLE countersignature (
    id text PRIMARY KEY NOT NULL,
    case_file text NOT NULL REFERENCES case_file (id),
    trainee text NOT NULL,
    supervisor text NOT NULL,
    act text NOT NULL,
    at integer NOT NULL,
    signed_at integer,
    signed_by text,
    outcome text
) STRICT;
CREATE INDEX countersignature_open ON countersignature (supervisor, signed_at, at);
CREATE INDEX countersignature_case ON countersignature (case_file);

-- Whoever took somebody up leads her case; what came in before is the office's.
INSERT INTO case_file (id, kind, subject, lead, deputy, opened_at, version)
    SELECT id, 'person', subject, (SELECT staff.id FROM staff WHERE staff.id = person.created_by), NULL, created_at, 1
    FROM person;
INSERT INTO case_member (case_file, staff, functions, supervisor, since)
    SELECT id, lead, 'case_operator', NULL, opened_at FROM case_file WHERE lead IS NOT NULL;
INSERT INTO case_file (id, kind, subject, lead, deputy, opened_at, version)
    SELECT id, 'referral', subject, NULL, NULL, created_at, 1 FROM referral WHERE side = 'taker';
