-- no-transaction
-- Finds users by any part of an email, a username or a name, without regard to case and accents.
CREATE INDEX CONCURRENTLY users_folded_idx ON users
  USING gin (folded(email || ' ' || username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
