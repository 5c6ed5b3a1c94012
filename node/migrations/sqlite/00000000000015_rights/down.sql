DROP TABLE rights_event;
DROP TABLE rights_request;
