-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_202611_time_idx ON audit_logs_202611 (created_at, id);
