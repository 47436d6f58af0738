-- no-transaction
-- Lists open accounts, the newest first.
CREATE INDEX CONCURRENTLY users_open_idx ON users (created_at DESC, id DESC) WHERE deleted_at IS NULL;
