DROP INDEX tombstone_record;
