DROP TABLE done_once;
