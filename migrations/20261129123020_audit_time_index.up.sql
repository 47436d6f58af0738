-- The audit log by time, ascending: rows come in the order of time, so the newest go to the end of the index and leave
-- its pages full. The descending index splits its first page again and again and stays half empty.
-- Built partition by partition: the next files build it where rows are, the last one everywhere else.
SET lock_timeout = '2s';

CREATE INDEX audit_logs_time_idx ON ONLY audit_logs (created_at, id);
