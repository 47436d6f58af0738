-- What maintenance may do as the owner, and what operators look at beyond the statistics that anyone may read.
SET lock_timeout = '2s';

-- Drops the oldest month of the audit log that ended before the month of `day`, if there is one, and gives its name.
-- A year stays, whatever it is asked for and whenever the caller believes to live: whoever takes over the application
-- can't make it forget what they did. Waits for nobody longer than half a second; the next day will do, too.
CREATE FUNCTION drop_audit_partition(day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  kept_from date := least(date_trunc('month', day), date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 year');
  name text;
BEGIN
  SELECT c.relname INTO name
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'audit_logs'::regclass AND c.relname ~ '^audit_logs_[0-9]{6}$'
    AND to_date(right(c.relname, 6), 'YYYYMM') < kept_from
  ORDER BY c.relname LIMIT 1;
  IF name IS NOT NULL THEN
    EXECUTE format('DROP TABLE %I', name);
  END IF;
  RETURN name;
END $$;
REVOKE ALL ON FUNCTION drop_audit_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_audit_partition(date) TO lyceum_app;

-- Reads a table's statistics anew, which only its owner may.
CREATE FUNCTION analyze_table(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('ANALYZE public.%I', name);
END $$;
REVOKE ALL ON FUNCTION analyze_table(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_table(text) TO lyceum_app;

-- The application's own statements that take longest, with their values left out; none where Postgres doesn't count them
-- (the extension is not there, or was not loaded when the server started).
CREATE FUNCTION slowest_statements(most integer)
RETURNS TABLE (statement text, calls bigint, mean_milliseconds double precision, total_milliseconds double precision)
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_stat_statements') IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY EXECUTE
    'SELECT s.query, s.calls, s.mean_exec_time, s.total_exec_time
     FROM pg_stat_statements s
     JOIN pg_roles r ON r.oid = s.userid JOIN pg_database d ON d.oid = s.dbid
     WHERE r.rolname = current_user AND d.datname = current_database()
     ORDER BY s.mean_exec_time DESC, s.queryid LIMIT $1' USING most;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  RETURN;
END $$;

-- How far a replica is behind, asked of the replica: as Aurora tells it, or as a streaming replica does. None where it is
-- asked of a writer.
CREATE FUNCTION replica_lag_milliseconds() RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
  lag double precision;
BEGIN
  IF to_regproc('aurora_replica_status') IS NOT NULL THEN
    EXECUTE 'SELECT max(replica_lag_in_msec) FROM aurora_replica_status() WHERE session_id <> ''MASTER_SESSION_ID''' INTO lag;
    RETURN lag;
  ELSIF NOT pg_is_in_recovery() THEN
    RETURN NULL;
  ELSIF pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN
    RETURN 0;
  END IF;
  -- Right after its start it knows of no time yet.
  RETURN coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000, 0);
END $$;

-- Serves the count of mails that were given up.
CREATE INDEX outbox_dead_idx ON outbox (dead_at) WHERE dead_at IS NOT NULL;
