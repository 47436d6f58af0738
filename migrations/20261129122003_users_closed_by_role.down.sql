-- no-transaction
DROP INDEX CONCURRENTLY users_closed_by_role_idx;
