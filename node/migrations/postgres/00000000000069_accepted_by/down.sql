ALTER TABLE outbox DROP COLUMN accepted;
