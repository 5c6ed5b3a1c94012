-- A log: entries of the journal in order, each a leaf of a tree. `first_position` is the place of its first leaf in the
-- journal; entries before `released` may be deleted, their leaves stay. Another log begins after a restore.
CREATE TABLE journal_log (
    number integer PRIMARY KEY NOT NULL,
    id text NOT NULL UNIQUE,
    first_position integer NOT NULL,
    size integer NOT NULL,
    released integer NOT NULL,
    previous text,
    begun_at integer NOT NULL,
    sealer text,
    sealer_until integer
) STRICT;

-- 256 hashes of complete subtrees side by side, of 256^level leaves each; fewer in the last of a level.
CREATE TABLE journal_tile (
    log integer NOT NULL,
    level integer NOT NULL,
    number integer NOT NULL,
    hashes blob NOT NULL,
    PRIMARY KEY (log, level, number)
) STRICT;

-- What this node signed about its logs: the newest, and one for each hour.
CREATE TABLE journal_checkpoint (
    log integer NOT NULL,
    size integer NOT NULL,
    jws text NOT NULL,
    at integer NOT NULL,
    PRIMARY KEY (log, size)
) STRICT;

CREATE INDEX journal_unsealed ON journal (id) WHERE position IS NULL;

-- What was done stays as it was written down. A place is given once; what is sealed is deleted only where retention has
-- released it, and what has no place yet not at all.
CREATE TRIGGER journal_is_not_rewritten
BEFORE UPDATE OF id, at, actor_kind, actor, act, subject, object, peer, code, ground ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_keeps_its_order
BEFORE UPDATE OF position ON journal WHEN OLD.position IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_not_cut
BEFORE DELETE ON journal WHEN OLD.position IS NULL OR NOT EXISTS (
    SELECT 1 FROM journal_log WHERE first_position <= OLD.position AND OLD.position < released
)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
