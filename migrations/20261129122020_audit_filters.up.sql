-- Finds the rows of the audit log by their action, the kind of their resource, or the resource itself. Ascending, so that new
-- rows come last and the pages get full; lists read them backwards. db::index_partitions builds them in each partition.
SET lock_timeout = '2s';

CREATE INDEX audit_logs_action_idx ON ONLY audit_logs (action, created_at, id);
CREATE INDEX audit_logs_resource_type_idx ON ONLY audit_logs (resource_type, created_at, id);
CREATE INDEX audit_logs_resource_id_idx ON ONLY audit_logs (resource_id, created_at, id);
