SET lock_timeout = '2s';

DROP FUNCTION create_audit_partition(date);
DROP TABLE audit_logs;
