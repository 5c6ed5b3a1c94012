-- Checkpoints of other nodes, as heard in their receipts. `proven_at`: the newest of that log was shown to begin with it.
CREATE TABLE neighbour_checkpoint (
    peer text NOT NULL,
    log uuid NOT NULL,
    size bigint NOT NULL,
    root text NOT NULL,
    jws text NOT NULL,
    heard_at timestamptz NOT NULL,
    proven_at timestamptz,
    PRIMARY KEY (peer, log, size)
);

-- What did not fit: a peer's history is not the one that it once signed. `kept` is its word of then.
CREATE TABLE neighbour_alarm (
    id uuid PRIMARY KEY NOT NULL,
    peer text NOT NULL,
    log uuid NOT NULL,
    kind text NOT NULL,
    kept text NOT NULL,
    answer text,
    at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    UNIQUE (peer, log, kind)
);
