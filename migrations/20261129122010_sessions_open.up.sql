-- no-transaction
-- Lists the sessions of a user that have not ended.
CREATE INDEX CONCURRENTLY sessions_open_idx ON sessions (user_id, created_at DESC, id DESC) WHERE ended_at IS NULL;
