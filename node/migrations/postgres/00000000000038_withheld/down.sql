ALTER TABLE received_card DROP COLUMN withheld_at;
