DROP TABLE membership;
DROP TABLE trust_mark;
DROP TABLE member;
DROP TABLE invitation;
