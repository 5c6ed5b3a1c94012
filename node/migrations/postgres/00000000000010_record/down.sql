DROP TABLE consent;
DROP TABLE received_card;
DROP TABLE card_shown;
DROP TABLE card_version;
DROP TABLE card;
DROP TABLE person_index;
DROP TABLE person;
