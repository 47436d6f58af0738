-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_202612_created_at_id_idx ON audit_logs_202612 (created_at DESC, id DESC);
