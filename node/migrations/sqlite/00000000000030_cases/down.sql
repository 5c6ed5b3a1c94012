DROP TABLE countersignature;
DROP TABLE case_handover;
DROP TABLE broken_glass;
DROP TABLE case_member;
DROP TABLE case_file;
