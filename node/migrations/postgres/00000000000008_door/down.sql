ALTER TABLE staff_token DROP COLUMN scopes;
DROP TABLE staff_access_token;
DROP TABLE staff_client_secret;
DROP TABLE oidc_login;
DROP TABLE staff_identity;
DROP TABLE staff_attempt;
DROP TABLE staff_session;
DROP TABLE staff_recovery_code;
DROP TABLE staff_login;
