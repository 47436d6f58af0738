-- no-transaction
-- Becomes a constraint in the next migration.
CREATE UNIQUE INDEX CONCURRENTLY enrollments_id_user_id_key ON enrollments (id, user_id);
