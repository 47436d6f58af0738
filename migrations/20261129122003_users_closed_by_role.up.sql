-- no-transaction
-- Lists the closed accounts of a role.
CREATE INDEX CONCURRENTLY users_closed_by_role_idx ON users (role_id, created_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
