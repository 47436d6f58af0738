-- no-transaction
DROP INDEX CONCURRENTLY users_folded_idx;
