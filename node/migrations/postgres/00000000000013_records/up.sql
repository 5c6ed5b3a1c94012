-- A paper of a person. What is said of it is sealed; until when it holds is not, since it must be found in time.
CREATE TABLE document (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    kind text NOT NULL,
    expires text,
    sealed bytea NOT NULL,
    media text,
    size integer,
    sha256 text,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL
);
CREATE INDEX document_listed ON document (person, created_at, id);
CREATE INDEX document_expires ON document (expires, id);

-- The file of a document in pieces, each sealed for its place.
CREATE TABLE document_chunk (
    document uuid NOT NULL REFERENCES document (id),
    position integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (document, position)
);

-- A skills assessment. `sha256` is of the summary as it was signed, and never changes.
CREATE TABLE assessment (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    state text NOT NULL,
    sealed bytea NOT NULL,
    sha256 text,
    signed_at timestamptz,
    superseded_by uuid REFERENCES assessment (id),
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL
);
CREATE INDEX assessment_listed ON assessment (person, created_at, id);
-- One signed summary of each person is in force.
CREATE UNIQUE INDEX assessment_in_force ON assessment (person) WHERE state = 'signed';

-- What was said in counselling. It leaves this table for no message, no file and no list.
CREATE TABLE counselling_note (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    author uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    delete_after timestamptz
);
CREATE INDEX counselling_note_listed ON counselling_note (person, created_at, id);
CREATE INDEX counselling_note_due ON counselling_note (delete_after);
