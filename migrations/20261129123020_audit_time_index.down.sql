SET lock_timeout = '2s';

DO $$ DECLARE part text; BEGIN
  FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (created_at DESC, id DESC)', part || '_created_at_id_idx', part);
    EXECUTE format('ALTER INDEX audit_logs_created_at_idx ATTACH PARTITION %I', part || '_created_at_id_idx');
  END LOOP;
END $$;
DROP INDEX audit_logs_time_idx;
