DROP TABLE retention_report;
DROP INDEX destroyed_key_subject;
