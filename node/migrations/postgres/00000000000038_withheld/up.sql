-- A part of a card whose consent was withdrawn and which is kept nevertheless, and shown to nobody.
ALTER TABLE received_card ADD COLUMN withheld_at timestamptz;
