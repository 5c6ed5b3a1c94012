-- Processing of somebody's data is restricted: they are kept, and nothing else is done with them. The row stays when it
-- is lifted.
CREATE TABLE case_restriction (
    id uuid PRIMARY KEY NOT NULL,
    case_file uuid NOT NULL,
    subject uuid NOT NULL,
    why text NOT NULL,
    request uuid,
    set_at timestamptz NOT NULL,
    set_by uuid,
    told_at timestamptz,
    told_how text,
    lifted_at timestamptz,
    lifted_by uuid
);
CREATE INDEX case_restriction_case ON case_restriction (case_file);
CREATE INDEX case_restriction_subject ON case_restriction (subject);
