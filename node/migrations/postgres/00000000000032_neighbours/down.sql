DROP TABLE neighbour_alarm;
DROP TABLE neighbour_checkpoint;
