SET lock_timeout = '2s';

CREATE INDEX users_search_idx ON users
  USING gin (lower(email || ' ' || username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
