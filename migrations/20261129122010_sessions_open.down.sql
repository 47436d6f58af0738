-- no-transaction
DROP INDEX CONCURRENTLY sessions_open_idx;
