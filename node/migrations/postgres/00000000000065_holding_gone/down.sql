-- What is gone was not remembered before.
DELETE FROM holding WHERE gone_at IS NOT NULL;
ALTER TABLE holding DROP COLUMN gone_at;
