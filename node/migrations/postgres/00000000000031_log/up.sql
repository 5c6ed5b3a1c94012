-- A log: entries of the journal in order, each a leaf of a tree. `first_position` is the place of its first leaf in the
-- journal; entries before `released` may be deleted, their leaves stay. Another log begins after a restore.
CREATE TABLE journal_log (
    number integer PRIMARY KEY NOT NULL,
    id uuid NOT NULL UNIQUE,
    first_position bigint NOT NULL,
    size bigint NOT NULL,
    released bigint NOT NULL,
    previous text,
    begun_at timestamptz NOT NULL,
    sealer uuid,
    sealer_until timestamptz
);

-- 256 hashes of complete subtrees side by side, of 256^level leaves each; fewer in the last of a level.
CREATE TABLE journal_tile (
    log integer NOT NULL,
    level integer NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (log, level, number)
);

-- What this node signed about its logs: the newest, and one for each hour.
CREATE TABLE journal_checkpoint (
    log integer NOT NULL,
    size bigint NOT NULL,
    jws text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (log, size)
);

CREATE INDEX journal_unsealed ON journal (id) WHERE position IS NULL;

-- What was done stays as it was written down. A place is given once; what is sealed is deleted only where retention has
-- released it, and what has no place yet not at all.
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.position IS NULL
        AND (NEW.id, NEW.at, NEW.actor_kind, NEW.actor, NEW.act, NEW.subject, NEW.object, NEW.peer, NEW.code, NEW.ground)
        IS NOT DISTINCT FROM
        (OLD.id, OLD.at, OLD.actor_kind, OLD.actor, OLD.act, OLD.subject, OLD.object, OLD.peer, OLD.code, OLD.ground)
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM journal_log WHERE first_position <= OLD.position AND OLD.position < released
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the journal is append-only';
END
$$;
CREATE TRIGGER journal_stays BEFORE UPDATE OR DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE FUNCTION journal_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only';
END
$$;
CREATE TRIGGER journal_is_not_emptied BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_not_emptied();
