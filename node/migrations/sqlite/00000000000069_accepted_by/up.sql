-- The receipt by which it was accepted first. It stays the proof of that whatever a later one says: a recipient that was
-- restored from a copy hears of it again, as a void for instance.
ALTER TABLE outbox ADD COLUMN accepted text;
UPDATE outbox SET accepted = receipt WHERE state = 'delivered' OR (state = 'queued' AND receipt IS NOT NULL)
    OR (state = 'void' AND arrival = 'taken');
