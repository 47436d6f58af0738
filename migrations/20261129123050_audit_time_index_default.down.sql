-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_default_created_at_id_idx ON audit_logs_default (created_at DESC, id DESC);
