DROP TABLE link_check;
ALTER TABLE link_out DROP COLUMN stuck;
ALTER TABLE link_out DROP COLUMN failed_at;
