-- What was taken in a conversation is evidence: its id and digest have no end. What nobody had opened when its row was
-- forgotten is counted off.
UPDATE known_message SET forget_at = NULL WHERE thread IS NOT NULL AND outcome = 'accepted';
UPDATE link_in SET unopened_bytes = COALESCE(
    (SELECT SUM(known_message.unopened) FROM known_message WHERE known_message.peer = link_in.peer), 0
);
-- What a conversation was about at this node, once the row of that is deleted.
ALTER TABLE thread ADD COLUMN matter text;
