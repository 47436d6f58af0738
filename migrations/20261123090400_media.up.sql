-- What was uploaded for a lesson: the lesson names the objects that are shown, these rows describe them.
SET lock_timeout = '2s';

CREATE TABLE uploads (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  lesson_id UUID NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  uploaded_by UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  kind VARCHAR(20) NOT NULL CHECK (kind IN ('video', 'document')),
  status VARCHAR(20) NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'ready', 'rejected')),
  file_name VARCHAR(255) NOT NULL,
  content_type VARCHAR(255) NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes > 0),
  storage_path VARCHAR(500) UNIQUE, -- the key in the bucket, once it is ready
  duration_seconds INTEGER CHECK (duration_seconds >= 0),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CHECK (status <> 'ready' OR storage_path IS NOT NULL)
);
CREATE INDEX uploads_lesson_id_idx ON uploads (lesson_id);
CREATE TRIGGER uploads_updated_at BEFORE UPDATE ON uploads FOR EACH ROW EXECUTE FUNCTION set_updated_at();

GRANT SELECT, INSERT, UPDATE, DELETE ON uploads TO lyceum_app;
