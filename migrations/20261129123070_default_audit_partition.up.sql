-- Rows that came while their month had no partition get one, whichever month it is, and so are dropped with it in time.
SET lock_timeout = '2s';

-- Makes a partition for each month that the default partition has rows of, moves the rows, and returns the names.
CREATE FUNCTION empty_default_audit_partition() RETURNS SETOF text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT create_audit_partition(month)
  FROM (SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month FROM audit_logs_default
        ORDER BY month) AS months
$$;
REVOKE ALL ON FUNCTION empty_default_audit_partition() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION empty_default_audit_partition() TO lyceum_app;
