-- no-transaction
DROP INDEX CONCURRENTLY users_suspended_idx;
