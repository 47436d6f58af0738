-- no-transaction
-- Serves sign-in by username, and keeps usernames that look alike apart. Built while accounts are written to.
CREATE UNIQUE INDEX CONCURRENTLY users_normalized_username_key ON users (normalized_username);
