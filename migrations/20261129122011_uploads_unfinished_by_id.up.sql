-- no-transaction
-- Lists unfinished uploads by id, for maintenance.
CREATE INDEX CONCURRENTLY uploads_unfinished_by_id_idx ON uploads (id) WHERE status IN ('pending', 'processing');
