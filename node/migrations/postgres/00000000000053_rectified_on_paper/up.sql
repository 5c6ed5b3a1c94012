-- To an office without a node what was put right goes by letter: what the letter says, that it went out, and the answer.
ALTER TABLE rectification ADD COLUMN sealed bytea;
ALTER TABLE rectification ADD COLUMN sent_at timestamptz;
ALTER TABLE rectification ADD COLUMN sent_channel text;
ALTER TABLE rectification ADD COLUMN answered_at timestamptz;
ALTER TABLE rectification ADD COLUMN answer bytea;
