ALTER TABLE outbox DROP COLUMN void_sent;
ALTER TABLE outbox DROP COLUMN arrival;
