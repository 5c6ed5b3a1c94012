-- Whether a step of the referral may depend on an event: on all but the cards that came and went, of which one referral may
-- have very many. What decides is found without them, however long two offices have talked.
ALTER TABLE referral_event ADD COLUMN decides boolean NOT NULL DEFAULT TRUE;
UPDATE referral_event SET decides = FALSE WHERE said IN ('card_updated', 'contact_released') AND settled;

CREATE INDEX referral_event_decides ON referral_event (referral, ordinal) WHERE decides;
