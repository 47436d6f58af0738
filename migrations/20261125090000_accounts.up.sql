-- Accounts: invitations, an email that waits to be verified, where somebody signs in from, what is limited.
SET lock_timeout = '2s';

-- Of an administrator's new user: it came by the mail alone, so using it verifies the email.
ALTER TABLE password_reset_tokens ADD COLUMN is_invitation BOOLEAN NOT NULL DEFAULT false;

-- A new email takes the old one's place once its token comes back.
CREATE TABLE email_changes (
  user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  email VARCHAR(255) NOT NULL CHECK (email = lower(email)),
  token VARCHAR(64) UNIQUE, -- SHA-256, in hex, of what the mail holds
  expires_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Where an account signed in from: there, what others try against it does not count.
CREATE TABLE known_addresses (
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  ip_address VARCHAR(45) NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, ip_address)
);

-- The token that was spent for it: reuse is told from a double click by what became of the successor.
ALTER TABLE refresh_tokens ADD COLUMN parent VARCHAR(64);

-- Serves the removal of sessions that ended long ago.
CREATE INDEX sessions_ended_idx ON sessions (coalesce(ended_at, expires_at));

-- When the personal columns of a closed account were replaced.
ALTER TABLE users ADD COLUMN erased_at TIMESTAMPTZ;

-- Roles that differ only in case would be taken for each other.
CREATE UNIQUE INDEX roles_name_lower_key ON roles (lower(name));

-- The administrators' list: newest first, and by any part of a name or an address.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX users_created_at_idx ON users (created_at DESC, id DESC);
CREATE INDEX users_search_idx ON users
  USING gin (lower(email || ' ' || username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
-- Serves the erasure of closed accounts.
CREATE INDEX users_deleted_at_idx ON users (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

-- Where it is not the user's own address of today.
ALTER TABLE outbox ADD COLUMN recipient VARCHAR(255);

-- What is counted, where no Redis does. A key is a hash.
CREATE TABLE limits (
  key VARCHAR(50) PRIMARY KEY,
  failures INTEGER NOT NULL DEFAULT 0,
  until TIMESTAMPTZ NOT NULL, -- of a bucket: when it is full again; of failures: when the next attempt may be
  expires_at TIMESTAMPTZ NOT NULL -- from then on it allows everything, and may go
);
CREATE INDEX limits_expires_at_idx ON limits (expires_at);

-- A person as anyone may know them who may know of them at all. A closed account is hidden at once.
CREATE FUNCTION shown_to_anyone(person users) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object(
  'id', person.id,
  'first_name', CASE WHEN person.deleted_at IS NULL THEN person.first_name ELSE 'Former' END,
  'last_name', CASE WHEN person.deleted_at IS NULL THEN person.last_name ELSE 'user' END,
  'profile_picture_url', CASE WHEN person.deleted_at IS NULL THEN person.profile_picture_url END,
  'bio', CASE WHEN person.deleted_at IS NULL THEN person.bio END);

-- A course shows its instructor; so its version follows what is shown of them, the closing of the account too.
DROP TRIGGER users_shown_by_courses ON users;
CREATE TRIGGER users_shown_by_courses AFTER UPDATE OF first_name, last_name, profile_picture_url, bio, deleted_at ON users
  FOR EACH ROW WHEN (shown_to_anyone(OLD) IS DISTINCT FROM shown_to_anyone(NEW))
  EXECUTE FUNCTION raise_version_of_taught_courses();

GRANT SELECT, INSERT, UPDATE, DELETE ON email_changes, known_addresses, limits TO lyceum_app;
