-- Making a month's partition of the audit log no longer blocks its writers.
SET lock_timeout = '2s';

-- Makes the partition of the month that holds `day`, and returns its name. Runs as the owner, so that maintenance, which
-- is the application, may call it; it can make partitions of this one table and do nothing else.
--
-- CREATE TABLE … PARTITION OF would lock the whole log against writers, and wait for its readers meanwhile. ATTACH locks
-- against nobody but readers and writers of the default partition, where rows are only when a month's own partition was
-- not there in time; these move to it. Waits for a lock for half a second at most: the next day will do, too.
CREATE OR REPLACE FUNCTION create_audit_partition(day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  first date := date_trunc('month', day);
  since timestamptz := first::timestamp AT TIME ZONE 'UTC';
  until timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
  name text := 'audit_logs_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN name;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_logs INCLUDING DEFAULTS INCLUDING INDEXES)', name);
  EXECUTE format(
    'WITH early AS (DELETE FROM audit_logs_default WHERE created_at >= %L AND created_at < %L RETURNING *)
     INSERT INTO %I SELECT * FROM early', since, until, name);
  EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
  RETURN name;
END $$;
