DROP TABLE case_restriction;
