-- no-transaction
DROP INDEX CONCURRENTLY users_names_idx;
