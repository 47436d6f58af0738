-- no-transaction
-- Finds learners by any part of their name.
CREATE INDEX CONCURRENTLY users_names_idx ON users USING gin (folded(first_name || ' ' || last_name) gin_trgm_ops);
