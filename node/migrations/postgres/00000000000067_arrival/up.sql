-- What a receipt has said of a message itself when it came: taken, or refused. It stays whatever is said later, as where the
-- recipient was restored from a copy and hears of it again as a void.
ALTER TABLE outbox ADD COLUMN arrival text;
UPDATE outbox SET arrival = 'taken' WHERE state = 'delivered' OR (state = 'queued' AND receipt IS NOT NULL);
UPDATE outbox SET arrival = 'refused' WHERE state = 'refused';
-- Whether a void was sent for it: of nothing else a recipient can say that it was voided.
ALTER TABLE outbox ADD COLUMN void_sent boolean NOT NULL DEFAULT FALSE;
UPDATE outbox SET void_sent = TRUE WHERE state = 'void';
