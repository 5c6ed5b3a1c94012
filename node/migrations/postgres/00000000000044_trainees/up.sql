-- Whose account is that of somebody who learns: under which account.
ALTER TABLE staff ADD COLUMN trainee_of uuid;
