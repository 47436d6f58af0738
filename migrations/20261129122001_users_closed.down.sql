-- no-transaction
DROP INDEX CONCURRENTLY users_closed_idx;
