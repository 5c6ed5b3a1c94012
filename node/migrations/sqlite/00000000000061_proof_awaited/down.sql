ALTER TABLE neighbour_checkpoint DROP COLUMN awaited_since;
