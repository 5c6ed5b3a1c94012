-- When the peer said under its signature what does not fit this checkpoint: it is kept as what it once signed, and is not
-- asked about again.
ALTER TABLE neighbour_checkpoint ADD COLUMN refuted_at timestamptz;
