-- What the recipient of a consent was called is free text of the staff and may name a doctor or a lawyer: it is sealed with
-- the person's key, among the words of the record. What was written in the clear before goes; whom it names still stands in
-- the record by its identifier.
ALTER TABLE consent DROP COLUMN recipient_label;
ALTER TABLE consent_request DROP COLUMN recipient_label;
ALTER TABLE consent_request ADD COLUMN sealed bytea;
