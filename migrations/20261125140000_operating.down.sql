SET lock_timeout = '2s';
DROP INDEX outbox_dead_idx;
DROP FUNCTION replica_lag_milliseconds();
DROP FUNCTION slowest_statements(integer);
DROP FUNCTION analyze_table(text);
DROP FUNCTION drop_audit_partition(date);
