-- Who holds what was put right, and was sent it again: one row a request and referral.
CREATE TABLE rectification (
    id text PRIMARY KEY NOT NULL,
    request text NOT NULL,
    referral text NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    groups text NOT NULL,
    message text,
    failed text,
    at integer NOT NULL,
    UNIQUE (request, referral)
) STRICT;
CREATE INDEX rectification_person ON rectification (person);
CREATE INDEX rectification_subject ON rectification (subject);
ALTER TABLE rights_request ADD COLUMN pushed_at integer;
