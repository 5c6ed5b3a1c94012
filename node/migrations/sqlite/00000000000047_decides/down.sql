DROP INDEX referral_event_decides;
ALTER TABLE referral_event DROP COLUMN decides;
