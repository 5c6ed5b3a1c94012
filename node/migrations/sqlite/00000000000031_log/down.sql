DROP TRIGGER journal_is_not_cut;
DROP TRIGGER journal_keeps_its_order;
DROP TRIGGER journal_is_not_rewritten;
DROP INDEX journal_unsealed;
DROP TABLE journal_checkpoint;
DROP TABLE journal_tile;
DROP TABLE journal_log;
