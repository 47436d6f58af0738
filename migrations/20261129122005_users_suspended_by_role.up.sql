-- no-transaction
-- Lists the suspended accounts of a role.
CREATE INDEX CONCURRENTLY users_suspended_by_role_idx ON users (role_id, created_at DESC, id DESC) WHERE NOT is_active AND deleted_at IS NULL;
