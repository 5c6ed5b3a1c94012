-- Checkpoints of other nodes, as heard in their receipts. `proven_at`: the newest of that log was shown to begin with it.
CREATE TABLE neighbour_checkpoint (
    peer text NOT NULL,
    log text NOT NULL,
    size integer NOT NULL,
    root text NOT NULL,
    jws text NOT NULL,
    heard_at integer NOT NULL,
    proven_at integer,
    PRIMARY KEY (peer, log, size)
) STRICT;

-- What did not fit: a peer's history is not the one that it once signed. `kept` is its word of then.
CREATE TABLE neighbour_alarm (
    id text PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    log text NOT NULL,
    kind text NOT NULL,
    kept text NOT NULL,
    answer text,
    at integer NOT NULL,
    last_at integer NOT NULL,
    UNIQUE (peer, log, kind)
) STRICT;
