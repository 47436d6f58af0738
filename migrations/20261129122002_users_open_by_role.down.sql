-- no-transaction
DROP INDEX CONCURRENTLY users_open_by_role_idx;
