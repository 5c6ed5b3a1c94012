-- Who holds what was put right, and was sent it again: one row a request and referral.
CREATE TABLE rectification (
    id uuid PRIMARY KEY NOT NULL,
    request uuid NOT NULL,
    referral uuid NOT NULL,
    person uuid NOT NULL,
    subject uuid NOT NULL,
    peer text NOT NULL,
    organisation text NOT NULL,
    groups text NOT NULL,
    message uuid,
    failed text,
    at timestamptz NOT NULL,
    UNIQUE (request, referral)
);
CREATE INDEX rectification_person ON rectification (person);
CREATE INDEX rectification_subject ON rectification (subject);
ALTER TABLE rights_request ADD COLUMN pushed_at timestamptz;
