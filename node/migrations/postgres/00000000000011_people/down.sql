DROP TABLE case_moved;
DROP TABLE subject_joined;
DROP TABLE guardian;
DROP TABLE person_merge;
DROP TABLE person_distinct;
DROP TABLE person_token;
DROP TABLE person_known;
CREATE TABLE person_index (
    person uuid NOT NULL,
    field text NOT NULL,
    token integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (person, field)
);
CREATE INDEX person_index_token ON person_index (field, token);
DROP INDEX person_merged_into;
ALTER TABLE person DROP COLUMN merged_at;
ALTER TABLE person DROP COLUMN merged_into;
