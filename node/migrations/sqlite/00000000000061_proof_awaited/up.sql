-- Whoever could not be asked before is not late with what was kept of it until now: its days count from here.
ALTER TABLE neighbour_checkpoint ADD COLUMN awaited_since integer;
UPDATE neighbour_checkpoint SET awaited_since = CAST(strftime('%s', 'now') AS integer) * 1000000;
