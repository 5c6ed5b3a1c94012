DROP TABLE staff_token;
DROP TABLE staff;
