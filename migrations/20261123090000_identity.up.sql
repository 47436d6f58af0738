-- Who may do what: roles, users, their sessions and the keys that sign for them.
-- The application's role, lyceum_app, is made before the first migration (`lyceum::db::provision`):
-- roles belong to the cluster, not to the database.
SET lock_timeout = '2s';

GRANT USAGE ON SCHEMA public TO lyceum_app;

-- The one trigger that keeps `updated_at`.
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE TABLE roles (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  name VARCHAR(50) NOT NULL UNIQUE,
  permissions JSONB NOT NULL CHECK (jsonb_typeof(permissions) = 'array'),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE TRIGGER roles_updated_at BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION set_updated_at();

INSERT INTO roles (name, permissions) VALUES
  ('admin', '["*"]'),
  ('instructor', '["courses:create"]'),
  ('student', '[]');

CREATE TABLE users (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  email VARCHAR(255) NOT NULL UNIQUE CHECK (email = lower(email)),
  username VARCHAR(255) NOT NULL UNIQUE,
  password_hash VARCHAR(255) NOT NULL,
  first_name VARCHAR(255) NOT NULL,
  last_name VARCHAR(255) NOT NULL,
  profile_picture_url VARCHAR(255),
  bio TEXT,
  role_id UUID NOT NULL REFERENCES roles (id) ON DELETE RESTRICT,
  is_email_verified BOOLEAN NOT NULL DEFAULT false,
  email_verification_token VARCHAR(255), -- SHA-256, in hex, of what the mail holds
  email_verification_expires_at TIMESTAMPTZ,
  is_active BOOLEAN NOT NULL DEFAULT true,
  last_login TIMESTAMPTZ,
  deleted_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
-- Serves login by username, and keeps names that differ only in case apart.
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username));
CREATE INDEX users_role_id_idx ON users (role_id);
-- Serves verify-email.
CREATE UNIQUE INDEX users_email_verification_token_key ON users (email_verification_token);
CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE password_reset_tokens (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token VARCHAR(255) NOT NULL UNIQUE, -- SHA-256, in hex, of what the mail holds
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX password_reset_tokens_user_id_idx ON password_reset_tokens (user_id);

-- A registration with an email that somebody verified already holds its username all the same, so
-- that no answer tells whether the email is known. A later one with that email moves the hold.
CREATE TABLE username_holds (
  email VARCHAR(255) PRIMARY KEY CHECK (email = lower(email)),
  username VARCHAR(255) NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX username_holds_username_lower_key ON username_holds (lower(username));

CREATE TABLE sessions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  ip_address VARCHAR(45),
  user_agent TEXT,
  last_used_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL, -- absolute, however often it is refreshed
  ended_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE refresh_tokens (
  token VARCHAR(64) PRIMARY KEY, -- SHA-256, in hex
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at TIMESTAMPTZ NOT NULL, -- idle
  used_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

-- Public halves only: whoever reads this table can verify and cannot sign.
CREATE TABLE signing_keys (
  kid VARCHAR(64) PRIMARY KEY,
  public_jwk JSONB NOT NULL,
  retired_at TIMESTAMPTZ, -- verifies nothing from then on
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON roles, users, password_reset_tokens, username_holds, sessions, refresh_tokens, signing_keys TO lyceum_app;
