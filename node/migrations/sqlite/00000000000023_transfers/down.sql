DROP TABLE holder_moved;
DROP TABLE transfer_letter;
DROP TABLE record_transfer;
