DROP TABLE counselling_note;
DROP TABLE assessment;
DROP TABLE document_chunk;
DROP TABLE document;
