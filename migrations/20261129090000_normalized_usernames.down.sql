SET lock_timeout = '2s';
DROP INDEX username_holds_normalized_username_key;
CREATE UNIQUE INDEX username_holds_username_lower_key ON username_holds (lower(username));
DROP TRIGGER username_holds_normalized_username ON username_holds;
DROP TRIGGER users_normalized_username ON users;
DROP FUNCTION normalize_ascii_username();
ALTER TABLE username_holds DROP COLUMN normalized_username;
ALTER TABLE users DROP COLUMN normalized_username;
