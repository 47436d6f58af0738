SET lock_timeout = '2s';
DROP TRIGGER users_role_needs_verified_email ON users;
DROP FUNCTION refuse_role_of_registration();
DROP FUNCTION is_unverified_registration(users);
ALTER TABLE users DROP COLUMN is_contested;
DROP TABLE email_verification_tokens;
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username));
