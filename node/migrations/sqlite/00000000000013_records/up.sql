-- A paper of a person. What is said of it is sealed; until when it holds is not, since it must be found in time.
CREATE TABLE document (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    expires text,
    sealed blob NOT NULL,
    media text,
    size integer,
    sha256 text,
    version integer NOT NULL,
    created_at integer NOT NULL,
    created_by text,
    updated_at integer NOT NULL
) STRICT;
CREATE INDEX document_listed ON document (person, created_at, id);
CREATE INDEX document_expires ON document (expires, id);

-- The file of a document in pieces, each sealed for its place.
CREATE TABLE document_chunk (
    document text NOT NULL REFERENCES document (id),
    position integer NOT NULL,
    sealed blob NOT NULL,
    PRIMARY KEY (document, position)
) STRICT;

-- A skills assessment. `sha256` is of the summary as it was signed, and never changes.
CREATE TABLE assessment (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    state text NOT NULL,
    sealed blob NOT NULL,
    sha256 text,
    signed_at integer,
    superseded_by text REFERENCES assessment (id),
    version integer NOT NULL,
    created_at integer NOT NULL,
    created_by text,
    updated_at integer NOT NULL
) STRICT;
CREATE INDEX assessment_listed ON assessment (person, created_at, id);
-- One signed summary of each person is in force.
CREATE UNIQUE INDEX assessment_in_force ON assessment (person) WHERE state = 'signed';

-- What was said in counselling. It leaves this table for no message, no file and no list.
CREATE TABLE counselling_note (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    author text NOT NULL,
    sealed blob NOT NULL,
    version integer NOT NULL,
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    delete_after integer
) STRICT;
CREATE INDEX counselling_note_listed ON counselling_note (person, created_at, id);
CREATE INDEX counselling_note_due ON counselling_note (delete_after);
