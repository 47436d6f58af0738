SET lock_timeout = '2s';

CREATE INDEX audit_logs_created_at_idx ON ONLY audit_logs (created_at DESC, id DESC);
