DROP INDEX disclosure_turn;
DROP INDEX holding_turn;
ALTER TABLE recall_taken DROP COLUMN held_turn;
ALTER TABLE disclosure DROP COLUMN turn;
ALTER TABLE holding DROP COLUMN turn;
