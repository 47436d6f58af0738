-- An unverified registration owns nothing (docs/semantics.md, Accounts).
SET lock_timeout = '2s';

-- `users_normalized_username_key` takes its place.
DROP INDEX users_username_lower_key;

-- Several links to verify one email work at the same time: a stranger who registers the address again ends none.
-- `users.email_verification_token` and `…_expires_at` are kept for programs that know the schema; nothing writes them.
CREATE TABLE email_verification_tokens (
  token VARCHAR(64) PRIMARY KEY, -- SHA-256, in hex, of what the mail holds
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX email_verification_tokens_user_id_idx ON email_verification_tokens (user_id);
CREATE INDEX email_verification_tokens_expires_at_idx ON email_verification_tokens (expires_at);

INSERT INTO email_verification_tokens (token, user_id, expires_at)
SELECT email_verification_token, id, email_verification_expires_at FROM users
WHERE email_verification_token IS NOT NULL AND email_verification_expires_at IS NOT NULL;
UPDATE users SET email_verification_token = NULL, email_verification_expires_at = NULL
WHERE email_verification_token IS NOT NULL;

-- The address was registered more than once: no password that was sent with a registration counts, and the link asks
-- for one.
ALTER TABLE users ADD COLUMN is_contested BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE users ADD CONSTRAINT users_contested_check
  CHECK (NOT is_contested OR (password_hash = '!' AND NOT is_email_verified)) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_contested_check;

-- Whether anyone could have made this account: somebody registered the email and nobody has verified it. An account
-- that an administrator invited is none: it has no password ('!') until the invitation is used.
CREATE FUNCTION is_unverified_registration(account users) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NOT account.is_email_verified AND (account.is_contested OR account.password_hash <> '!');

CREATE FUNCTION refuse_role_of_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE check_violation USING CONSTRAINT = 'users_role_needs_verified_email',
    MESSAGE = 'an unverified registration keeps its role';
END $$;
CREATE TRIGGER users_role_needs_verified_email BEFORE UPDATE OF role_id ON users
  FOR EACH ROW WHEN (OLD.role_id <> NEW.role_id AND (is_unverified_registration(OLD) OR is_unverified_registration(NEW)))
  EXECUTE FUNCTION refuse_role_of_registration();

GRANT SELECT, INSERT, UPDATE, DELETE ON email_verification_tokens TO lyceum_app;
