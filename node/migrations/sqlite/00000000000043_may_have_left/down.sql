DROP INDEX receipt_newest;
DROP INDEX receipt_digest;
DROP INDEX known_message_held;
DROP INDEX outbox_held;
DROP INDEX outbox_subject;
ALTER TABLE outbox DROP COLUMN may_have_left;
