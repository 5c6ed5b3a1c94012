-- What was done under a key of its caller: the row commits with the act, so that asking again does nothing twice. Key and
-- content are digests. The answer is sealed under the node's key and may hold anybody's data, so all answers go whenever
-- a key of a person is destroyed, and each a day after the act at the latest.
CREATE TABLE done_once (
    key blob PRIMARY KEY NOT NULL,
    content blob NOT NULL,
    at integer NOT NULL,
    sealed blob,
    withheld integer NOT NULL
) STRICT;
CREATE INDEX done_once_at ON done_once (at);
