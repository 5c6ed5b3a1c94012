-- Whether a message may have reached its recipient: it had a number once, in whatever epoch, or this node was restored from a
-- copy in which it waited. Whoever may have it hears of a withdrawal, and a void is sent for what may no longer leave.
ALTER TABLE outbox ADD COLUMN may_have_left integer NOT NULL DEFAULT 0;
UPDATE outbox SET may_have_left = 1 WHERE seq IS NOT NULL;

CREATE INDEX outbox_subject ON outbox (subject, state);
CREATE INDEX outbox_held ON outbox (message) WHERE sealed IS NOT NULL;
CREATE INDEX known_message_held ON known_message (message) WHERE sealed IS NOT NULL;
CREATE INDEX receipt_digest ON receipt (digest);
CREATE INDEX receipt_newest ON receipt (peer, direction, at);
