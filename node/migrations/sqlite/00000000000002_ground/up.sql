-- Whose data a key seals: a person whose record lies here, or a stranger known by (peer, subject_ref).
CREATE TABLE subject (
    id text PRIMARY KEY NOT NULL,
    peer text,
    subject_ref text,
    created_at integer NOT NULL,
    UNIQUE (peer, subject_ref)
) STRICT;

-- Wrapped keys. Nothing references this table: a backup leaves it out.
CREATE TABLE subject_key (
    id text PRIMARY KEY NOT NULL,
    subject text NOT NULL,
    wrapped blob NOT NULL,
    created_at integer NOT NULL
) STRICT;
CREATE INDEX subject_key_subject ON subject_key (subject);

CREATE TABLE destroyed_key (
    id text PRIMARY KEY NOT NULL,
    subject text NOT NULL,
    at integer NOT NULL
) STRICT;

CREATE TABLE node_key (
    kid text PRIMARY KEY NOT NULL,
    kind text NOT NULL,
    public text NOT NULL,
    sealed blob,
    created_at integer NOT NULL,
    sign_from integer NOT NULL,
    retire_at integer,
    revoked_at integer,
    revoked_reason text
) STRICT;

-- position is given by a sequencer, after the fact.
CREATE TABLE journal (
    id text PRIMARY KEY NOT NULL,
    position integer UNIQUE,
    at integer NOT NULL,
    actor_kind text NOT NULL,
    actor text,
    act text NOT NULL,
    subject text,
    object text,
    peer text,
    code text,
    ground text
) STRICT;
CREATE INDEX journal_subject ON journal (subject, at);
CREATE INDEX journal_act ON journal (act, at);
