DROP TABLE deposit;
