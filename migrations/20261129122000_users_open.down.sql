-- no-transaction
DROP INDEX CONCURRENTLY users_open_idx;
