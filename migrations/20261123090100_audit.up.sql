-- What happened. Partitioned by month, so that old months leave as a whole; a default partition
-- catches what is early. The application can add rows and read them, and nothing else.
SET lock_timeout = '2s';

CREATE TABLE audit_logs (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users (id) ON DELETE RESTRICT,
  action VARCHAR(100) NOT NULL,
  resource_type VARCHAR(100) NOT NULL,
  resource_id UUID,
  changes JSONB,
  ip_address VARCHAR(45),
  user_agent TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_logs_user_id_idx ON audit_logs (user_id, created_at DESC, id DESC);
CREATE INDEX audit_logs_resource_idx ON audit_logs (resource_type, resource_id, created_at DESC, id DESC);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at DESC, id DESC);

CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

-- Makes the partition of the month that holds `day`. Runs as the owner, so that maintenance, which
-- is the application, may call it; it can make partitions of this one table and do nothing else.
CREATE FUNCTION create_audit_partition(day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first date := date_trunc('month', day);
  name text := 'audit_logs_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass(name) IS NULL THEN
    EXECUTE format(
      'CREATE TABLE %I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)',
      name, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
  END IF;
  RETURN name;
END $$;
REVOKE ALL ON FUNCTION create_audit_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_audit_partition(date) TO lyceum_app;

SELECT create_audit_partition(month::date)
FROM generate_series(TIMESTAMP '2026-11-01', TIMESTAMP '2027-12-01', INTERVAL '1 month') AS month;

GRANT SELECT, INSERT ON audit_logs TO lyceum_app;
