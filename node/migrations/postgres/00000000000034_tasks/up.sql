-- What a person must do about something that the node cannot mend by itself. Open once for each kind and object.
CREATE TABLE task (
    id uuid PRIMARY KEY NOT NULL,
    kind text NOT NULL,
    object text NOT NULL,
    role text NOT NULL,
    peer text,
    subject uuid,
    case_file uuid,
    code text,
    opened_at timestamptz NOT NULL,
    done_at timestamptz,
    done_by uuid
);
CREATE UNIQUE INDEX task_open ON task (kind, object) WHERE done_at IS NULL;
CREATE INDEX task_role ON task (role, opened_at, id);
CREATE INDEX task_case ON task (case_file);
CREATE INDEX task_subject ON task (subject);
