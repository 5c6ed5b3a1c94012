DROP TABLE card_combination;
DROP TABLE card_confirmation;
DROP TABLE card_section;
