DROP TABLE memory_gap;
