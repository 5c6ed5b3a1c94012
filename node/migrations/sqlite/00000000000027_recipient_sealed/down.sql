ALTER TABLE consent_request DROP COLUMN sealed;
ALTER TABLE consent_request ADD COLUMN recipient_label text;
ALTER TABLE consent ADD COLUMN recipient_label text;
