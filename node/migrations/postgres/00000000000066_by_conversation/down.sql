DROP INDEX holding_subject;
DROP INDEX holding_thread;
DROP INDEX outbox_thread;
