-- audit_logs_time_idx takes its place.
SET lock_timeout = '2s';

DROP INDEX audit_logs_created_at_idx;
