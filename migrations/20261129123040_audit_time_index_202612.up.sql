-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_202612_time_idx ON audit_logs_202612 (created_at, id);
