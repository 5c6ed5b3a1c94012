ALTER TABLE staff DROP COLUMN trainee_of;
