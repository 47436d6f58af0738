-- no-transaction
-- Lists suspended accounts.
CREATE INDEX CONCURRENTLY users_suspended_idx ON users (created_at DESC, id DESC) WHERE NOT is_active AND deleted_at IS NULL;
