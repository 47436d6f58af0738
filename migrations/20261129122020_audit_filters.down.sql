SET lock_timeout = '2s';

DROP INDEX audit_logs_resource_id_idx;
DROP INDEX audit_logs_resource_type_idx;
DROP INDEX audit_logs_action_idx;
