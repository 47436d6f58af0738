-- no-transaction
DROP INDEX CONCURRENTLY uploads_unfinished_by_id_idx;
