-- Whose data a key seals: a person whose record lies here, or a stranger known by (peer, subject_ref).
CREATE TABLE subject (
    id uuid PRIMARY KEY NOT NULL,
    peer text,
    subject_ref uuid,
    created_at timestamptz NOT NULL,
    UNIQUE (peer, subject_ref)
);

-- Wrapped keys. Nothing references this table: a backup leaves it out.
CREATE TABLE subject_key (
    id uuid PRIMARY KEY NOT NULL,
    subject uuid NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX subject_key_subject ON subject_key (subject);

CREATE TABLE destroyed_key (
    id uuid PRIMARY KEY NOT NULL,
    subject uuid NOT NULL,
    at timestamptz NOT NULL
);

CREATE TABLE node_key (
    kid text PRIMARY KEY NOT NULL,
    kind text NOT NULL,
    public jsonb NOT NULL,
    sealed bytea,
    created_at timestamptz NOT NULL,
    sign_from timestamptz NOT NULL,
    retire_at timestamptz,
    revoked_at timestamptz,
    revoked_reason text
);

-- position is given by a sequencer, after the fact.
CREATE TABLE journal (
    id uuid PRIMARY KEY NOT NULL,
    position bigint UNIQUE,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor text,
    act text NOT NULL,
    subject uuid,
    object text,
    peer text,
    code text,
    ground text
);
CREATE INDEX journal_subject ON journal (subject, at);
CREATE INDEX journal_act ON journal (act, at);
