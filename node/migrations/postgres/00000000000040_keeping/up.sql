-- Whether somebody's keys were destroyed is asked of everybody at once when a copy is restored.
CREATE INDEX destroyed_key_subject ON destroyed_key (subject);

-- What a run of the retention rules did, or would have done: counts by rule, and nobody.
CREATE TABLE retention_report (
    id uuid PRIMARY KEY NOT NULL,
    kind text NOT NULL CHECK (kind IN ('run', 'dry_run')),
    day text NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz,
    counts jsonb NOT NULL
);
-- One run a day, whichever process comes first.
CREATE UNIQUE INDEX retention_report_day ON retention_report (day) WHERE kind = 'run';
CREATE INDEX retention_report_begun ON retention_report (begun_at, id);
