DROP TABLE staff_linked_once;
