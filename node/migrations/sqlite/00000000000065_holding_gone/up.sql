-- What came from another node and was deleted by time is remembered, without its content, while something was passed on
-- since: a withdrawal goes after that.
ALTER TABLE holding ADD COLUMN gone_at integer;
