ALTER TABLE activity DROP COLUMN version;
