-- To an office without a node what was put right goes by letter: what the letter says, that it went out, and the answer.
ALTER TABLE rectification ADD COLUMN sealed blob;
ALTER TABLE rectification ADD COLUMN sent_at integer;
ALTER TABLE rectification ADD COLUMN sent_channel text;
ALTER TABLE rectification ADD COLUMN answered_at integer;
ALTER TABLE rectification ADD COLUMN answer blob;
