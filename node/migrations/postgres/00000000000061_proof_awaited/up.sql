-- Whoever could not be asked before is not late with what was kept of it until now: its days count from here.
ALTER TABLE neighbour_checkpoint ADD COLUMN awaited_since timestamptz;
UPDATE neighbour_checkpoint SET awaited_since = now();
