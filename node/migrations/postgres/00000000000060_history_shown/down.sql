ALTER TABLE neighbour_checkpoint DROP COLUMN refuted_at;
