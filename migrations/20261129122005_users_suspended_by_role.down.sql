-- no-transaction
DROP INDEX CONCURRENTLY users_suspended_by_role_idx;
