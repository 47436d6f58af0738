-- What a browser sends, from the call that asks for it until its file is shown, or freed again.
SET lock_timeout = '2s';

-- A file outlives the lesson that it was for, until maintenance has removed the object, too.
ALTER TABLE uploads DROP CONSTRAINT uploads_lesson_id_fkey;
ALTER TABLE uploads ADD FOREIGN KEY (lesson_id) REFERENCES lessons (id) ON DELETE SET NULL;
ALTER TABLE uploads ALTER COLUMN lesson_id DROP NOT NULL;

-- Besides the files of lessons: the picture of a person, and the thumbnail of a course.
ALTER TABLE uploads DROP CONSTRAINT uploads_kind_check;
ALTER TABLE uploads ADD CHECK (kind IN ('video', 'document', 'picture', 'thumbnail'));

ALTER TABLE uploads
  ADD COLUMN course_id UUID REFERENCES courses (id) ON DELETE CASCADE, -- all but a person's picture are for a course
  ADD COLUMN checksum_sha256 BYTEA CHECK (octet_length(checksum_sha256) = 32), -- what the browser said
  ADD COLUMN multipart_id VARCHAR(1024), -- S3's own id of an upload in parts, until it is complete
  ADD COLUMN part_size_bytes BIGINT CHECK (part_size_bytes > 0),
  ADD COLUMN expires_at TIMESTAMPTZ NOT NULL DEFAULT now() + interval '24 hours', -- when an unfinished one goes
  ADD COLUMN object_version VARCHAR(1024), -- what arrived first is what is checked: S3's version of it, where it keeps some
  ADD COLUMN object_etag VARCHAR(255),
  ADD COLUMN rejection_code VARCHAR(50),
  ADD COLUMN rejection_reason VARCHAR(500), -- for the author
  ADD COLUMN width INTEGER CHECK (width > 0),
  ADD COLUMN height INTEGER CHECK (height > 0),
  ADD COLUMN freed_at TIMESTAMPTZ, -- since when nothing shows it any more
  ADD CHECK (status <> 'rejected' OR rejection_reason IS NOT NULL),
  ADD CHECK (rejection_reason IS NULL OR rejection_code IS NOT NULL);

UPDATE uploads SET course_id = s.course_id
FROM lessons l JOIN sections s ON s.id = l.section_id
WHERE l.id = uploads.lesson_id;
ALTER TABLE uploads ADD CHECK (kind = 'picture' OR course_id IS NOT NULL);

-- Serves the quota of a course, and freeing the files of one that was deleted.
CREATE INDEX uploads_course_id_idx ON uploads (course_id);
-- Serves the quota of a person's unfinished ones.
CREATE INDEX uploads_unfinished_by_idx ON uploads (uploaded_by) WHERE status IN ('pending', 'processing');
-- Serve maintenance: the unfinished ones that expired, what was rejected, and what was freed.
CREATE INDEX uploads_unfinished_idx ON uploads (expires_at) WHERE status <> 'ready';
CREATE INDEX uploads_freed_idx ON uploads (freed_at) WHERE freed_at IS NOT NULL;
