-- Who was told that a record of this node was withdrawn, and what it answered: one row a record and node.
CREATE TABLE recall_told (
    id text PRIMARY KEY NOT NULL,
    recall text NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    groups text NOT NULL,
    above text,
    message text NOT NULL,
    told_at integer NOT NULL,
    due_at integer NOT NULL,
    reached_at integer,
    failed text,
    version integer NOT NULL,
    complete integer NOT NULL,
    below text NOT NULL,
    answered_at integer,
    answer_digest text,
    elsewhere_at integer,
    elsewhere_channel text,
    task_at integer,
    sealed blob,
    UNIQUE (recall, record, peer)
) STRICT;
CREATE INDEX recall_told_person ON recall_told (person, told_at);
CREATE INDEX recall_told_subject ON recall_told (subject);
CREATE INDEX recall_told_above ON recall_told (above);
CREATE INDEX recall_told_message ON recall_told (message);
CREATE INDEX recall_told_due ON recall_told (due_at, id);

-- What this node did when a record of another was withdrawn, and what it answered.
CREATE TABLE recall_taken (
    id text PRIMARY KEY NOT NULL,
    recall text,
    issuer text NOT NULL,
    record text NOT NULL,
    seq integer NOT NULL,
    subject text,
    subject_ref text,
    held_since integer,
    outcomes text NOT NULL,
    due_at integer,
    taken_at integer NOT NULL,
    version integer NOT NULL,
    complete integer NOT NULL,
    below text NOT NULL,
    answer text,
    frozen integer NOT NULL,
    shredded_at integer
) STRICT;
CREATE INDEX recall_taken_record ON recall_taken (issuer, record);
CREATE INDEX recall_taken_subject ON recall_taken (subject);
CREATE INDEX recall_taken_open ON recall_taken (shredded_at, id);
