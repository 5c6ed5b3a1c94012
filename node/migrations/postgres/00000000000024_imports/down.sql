DROP TABLE card_import;
