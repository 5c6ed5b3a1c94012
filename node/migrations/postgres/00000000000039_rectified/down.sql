ALTER TABLE rights_request DROP COLUMN pushed_at;
DROP TABLE rectification;
