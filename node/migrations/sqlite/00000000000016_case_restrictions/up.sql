-- Processing of somebody's data is restricted: they are kept, and nothing else is done with them. The row stays when it
-- is lifted.
CREATE TABLE case_restriction (
    id text PRIMARY KEY NOT NULL,
    case_file text NOT NULL,
    subject text NOT NULL,
    why text NOT NULL,
    request text,
    set_at integer NOT NULL,
    set_by text,
    told_at integer,
    told_how text,
    lifted_at integer,
    lifted_by text
) STRICT;
CREATE INDEX case_restriction_case ON case_restriction (case_file);
CREATE INDEX case_restriction_subject ON case_restriction (subject);
