-- Usernames are unique by a normalised value (docs/semantics.md, Accounts): case, compatibility forms and look-alike
-- letters are folded. The application computes it (`lyceum::identity::Username`).
SET lock_timeout = '2s';

ALTER TABLE users ADD COLUMN normalized_username VARCHAR(255);
ALTER TABLE username_holds ADD COLUMN normalized_username VARCHAR(255);

-- Of an ASCII name the value is its lower case, so that rows written by hand have it, too. Any other name takes
-- Unicode's tables, which the application brings.
CREATE FUNCTION normalize_ascii_username() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.username ~ '^[\x01-\x7f]*$' THEN
    NEW.normalized_username := lower(NEW.username);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER users_normalized_username BEFORE INSERT OR UPDATE OF username ON users
  FOR EACH ROW EXECUTE FUNCTION normalize_ascii_username();
CREATE TRIGGER username_holds_normalized_username BEFORE INSERT OR UPDATE OF username ON username_holds
  FOR EACH ROW EXECUTE FUNCTION normalize_ascii_username();

UPDATE users SET normalized_username = lower(username);
UPDATE username_holds SET normalized_username = lower(username);

ALTER TABLE users ADD CONSTRAINT users_normalized_username_check CHECK (normalized_username IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_normalized_username_check;
ALTER TABLE username_holds
  ADD CONSTRAINT username_holds_normalized_username_check CHECK (normalized_username IS NOT NULL) NOT VALID;
ALTER TABLE username_holds VALIDATE CONSTRAINT username_holds_normalized_username_check;

DROP INDEX username_holds_username_lower_key;
CREATE UNIQUE INDEX username_holds_normalized_username_key ON username_holds (normalized_username);
