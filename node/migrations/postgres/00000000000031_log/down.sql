DROP TRIGGER journal_is_not_emptied ON journal;
DROP TRIGGER journal_stays ON journal;
DROP FUNCTION journal_is_not_emptied();
DROP FUNCTION journal_is_append_only();
DROP INDEX journal_unsealed;
DROP TABLE journal_checkpoint;
DROP TABLE journal_tile;
DROP TABLE journal_log;
