DROP TABLE broken_glass;
DROP TABLE case_member;
DROP TABLE case_file;
