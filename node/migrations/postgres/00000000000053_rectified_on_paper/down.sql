ALTER TABLE rectification DROP COLUMN answer;
ALTER TABLE rectification DROP COLUMN answered_at;
ALTER TABLE rectification DROP COLUMN sent_channel;
ALTER TABLE rectification DROP COLUMN sent_at;
ALTER TABLE rectification DROP COLUMN sealed;
