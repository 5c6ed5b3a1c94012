DROP TABLE recall_taken;
DROP TABLE recall_told;
