ALTER TABLE link_out DROP COLUMN told_at;
