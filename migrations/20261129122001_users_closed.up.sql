-- no-transaction
-- Lists closed accounts.
CREATE INDEX CONCURRENTLY users_closed_idx ON users (created_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
