-- A record that went into another stays, and leads there.
ALTER TABLE person ADD COLUMN merged_into text;
ALTER TABLE person ADD COLUMN merged_at integer;
CREATE INDEX person_merged_into ON person (merged_into);

DROP TABLE person_index;

-- What a person is known by, sealed: one row, and after a merge one of each record that went into hers. Its id is that
-- of the record for which it was written.
CREATE TABLE person_known (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    sealed blob NOT NULL
) STRICT;
CREATE INDEX person_known_person ON person_known (person);

-- What finds her: blind, cut to 24 bits. A token names candidates; what is sealed decides.
CREATE TABLE person_token (
    token integer NOT NULL,
    person text NOT NULL,
    PRIMARY KEY (token, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_token_person ON person_token (person);

-- Two people of whom somebody said that they are two. `one` is the smaller id.
CREATE TABLE person_distinct (
    one text NOT NULL,
    other text NOT NULL,
    said_at integer NOT NULL,
    said_by text,
    PRIMARY KEY (one, other)
) STRICT;
CREATE INDEX person_distinct_other ON person_distinct (other);

-- That two records were found to be of one person. Why is sealed.
CREATE TABLE person_merge (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    went text NOT NULL,
    kept text NOT NULL,
    sealed blob NOT NULL,
    merged_at integer NOT NULL,
    merged_by text
) STRICT;
CREATE INDEX person_merge_person ON person_merge (person, merged_at);

-- Who answers for a minor. Who that is, and how to reach them, is sealed.
CREATE TABLE guardian (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    kind text NOT NULL,
    sealed blob NOT NULL,
    since text NOT NULL,
    ended_on text,
    ended_why text,
    entered_at integer NOT NULL,
    entered_by text,
    version integer NOT NULL
) STRICT;
CREATE INDEX guardian_person ON guardian (person, since);
CREATE INDEX guardian_in_charge ON guardian (ended_on, id);

-- Subjects that turned out to be one person. `head` is the one that seals what is new; a head has no row.
CREATE TABLE subject_joined (
    subject text PRIMARY KEY NOT NULL,
    head text NOT NULL,
    joined_at integer NOT NULL
) STRICT;
CREATE INDEX subject_joined_head ON subject_joined (head);

-- A case that went into another, so that whoever asks for it is told.
CREATE TABLE case_moved (
    id text PRIMARY KEY NOT NULL,
    moved_into text NOT NULL,
    moved_at integer NOT NULL
) STRICT;
CREATE INDEX case_moved_into ON case_moved (moved_into);
