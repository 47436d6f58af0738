-- no-transaction
-- Lists the open accounts of a role.
CREATE INDEX CONCURRENTLY users_open_by_role_idx ON users (role_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
