SET lock_timeout = '2s';

DROP INDEX audit_logs_time_idx;
