DROP TABLE policy_event;
DROP TABLE office_record;
