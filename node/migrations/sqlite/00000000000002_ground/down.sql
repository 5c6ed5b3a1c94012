DROP TABLE journal;
DROP TABLE node_key;
DROP TABLE destroyed_key;
DROP TABLE subject_key;
DROP TABLE subject;
