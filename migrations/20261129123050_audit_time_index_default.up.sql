-- no-transaction
CREATE INDEX CONCURRENTLY audit_logs_default_time_idx ON audit_logs_default (created_at, id);
