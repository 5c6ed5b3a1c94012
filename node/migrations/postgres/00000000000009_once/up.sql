-- What was done under a key of its caller: the row commits with the act, so that asking again does nothing twice. Key and
-- content are digests. The answer is sealed under the node's key and may hold anybody's data, so all answers go whenever
-- a key of a person is destroyed, and each a day after the act at the latest.
CREATE TABLE done_once (
    key bytea PRIMARY KEY NOT NULL,
    content bytea NOT NULL,
    at timestamptz NOT NULL,
    sealed bytea,
    withheld boolean NOT NULL
);
CREATE INDEX done_once_at ON done_once (at);
