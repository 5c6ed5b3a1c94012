-- By which way of folding names the tokens of what somebody is known by were made: the program brings older ones in line.
ALTER TABLE person_known ADD COLUMN folding integer NOT NULL DEFAULT 1;
CREATE INDEX person_known_folding ON person_known (folding);
