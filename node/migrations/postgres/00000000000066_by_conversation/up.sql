-- What left and what came is asked for by its conversation when something is taken back, and at each lease of what puts
-- something right; what came is asked for by whom it is about, too, before a key is destroyed.
CREATE INDEX outbox_thread ON outbox (thread) WHERE thread IS NOT NULL;
CREATE INDEX holding_thread ON holding (thread) WHERE thread IS NOT NULL;
CREATE INDEX holding_subject ON holding (subject, peer);
