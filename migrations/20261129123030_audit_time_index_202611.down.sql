-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_202611_created_at_id_idx ON audit_logs_202611 (created_at DESC, id DESC);
