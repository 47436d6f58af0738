-- Months to come have no rows yet: there the index is there at once. It takes the place of the descending one.
SET lock_timeout = '2s';

DO $$ DECLARE part text; BEGIN
  FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (created_at, id)', part || '_time_idx', part);
    EXECUTE format('ALTER INDEX audit_logs_time_idx ATTACH PARTITION %I', part || '_time_idx');
  END LOOP;
END $$;
DROP INDEX audit_logs_created_at_idx;
