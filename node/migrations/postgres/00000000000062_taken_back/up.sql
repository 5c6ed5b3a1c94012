-- Whether a record of ours was taken back is asked by the record, whoever asks.
CREATE INDEX tombstone_record ON tombstone (record);
