-- The audit log by time, ascending: new rows go to the end of the index and leave its pages full. The descending index
-- splits its first page again and again and stays half empty. `db::migrate` builds it in each partition.
SET lock_timeout = '2s';

CREATE INDEX audit_logs_time_idx ON ONLY audit_logs (created_at, id);
