-- Who was told that a record of this node was withdrawn, and what it answered: one row a record and node.
CREATE TABLE recall_told (
    id uuid PRIMARY KEY NOT NULL,
    recall uuid NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    groups text NOT NULL,
    above uuid,
    message uuid NOT NULL,
    told_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    reached_at timestamptz,
    failed text,
    version integer NOT NULL,
    complete boolean NOT NULL,
    below text NOT NULL,
    answered_at timestamptz,
    answer_digest text,
    elsewhere_at timestamptz,
    elsewhere_channel text,
    task_at timestamptz,
    sealed bytea,
    UNIQUE (recall, record, peer)
);
CREATE INDEX recall_told_person ON recall_told (person, told_at);
CREATE INDEX recall_told_subject ON recall_told (subject);
CREATE INDEX recall_told_above ON recall_told (above);
CREATE INDEX recall_told_message ON recall_told (message);
CREATE INDEX recall_told_due ON recall_told (due_at, id);

-- What this node did when a record of another was withdrawn, and what it answered.
CREATE TABLE recall_taken (
    id uuid PRIMARY KEY NOT NULL,
    recall uuid,
    issuer text NOT NULL,
    record uuid NOT NULL,
    seq integer NOT NULL,
    subject uuid,
    subject_ref uuid,
    held_since timestamptz,
    outcomes text NOT NULL,
    due_at timestamptz,
    taken_at timestamptz NOT NULL,
    version integer NOT NULL,
    complete boolean NOT NULL,
    below text NOT NULL,
    answer uuid,
    frozen boolean NOT NULL,
    shredded_at timestamptz
);
CREATE INDEX recall_taken_record ON recall_taken (issuer, record);
CREATE INDEX recall_taken_subject ON recall_taken (subject);
CREATE INDEX recall_taken_open ON recall_taken (shredded_at, id);
