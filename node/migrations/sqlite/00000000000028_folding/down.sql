DROP INDEX person_known_folding;
ALTER TABLE person_known DROP COLUMN folding;
