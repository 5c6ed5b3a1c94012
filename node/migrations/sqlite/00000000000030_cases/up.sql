-- A case is a person's record, or a referral that came in: its id is theirs. Who works on it, and as what.
CREATE TABLE case_file (
    id text PRIMARY KEY NOT NULL,
    kind text NOT NULL,
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

-- Whoever took somebody up leads her case.
INSERT INTO case_file (id, kind, lead, deputy, opened_at, version)
    SELECT id, 'person', (SELECT staff.id FROM staff WHERE staff.id = person.created_by), NULL, created_at, 1 FROM person;
INSERT INTO case_member (case_file, staff, functions, supervisor, since)
    SELECT id, lead, 'case_operator', NULL, opened_at FROM case_file WHERE lead IS NOT NULL;
