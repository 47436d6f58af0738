-- no-transaction
-- Finds the files of removed lessons, for maintenance.
CREATE INDEX CONCURRENTLY uploads_without_lesson_idx ON uploads (id)
  WHERE lesson_id IS NULL AND kind IN ('video', 'document') AND status = 'ready' AND freed_at IS NULL;
