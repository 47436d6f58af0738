-- Who learns, and what they have learned: facts (completions), and the number derived from them.
SET lock_timeout = '2s';

CREATE TABLE enrollments (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  course_id UUID NOT NULL REFERENCES courses (id) ON DELETE RESTRICT,
  enrolled_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  completion_percentage DECIMAL(5, 2) NOT NULL DEFAULT 0.00 CHECK (completion_percentage BETWEEN 0 AND 100),
  status VARCHAR(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'dropped')),
  completed_at TIMESTAMPTZ,
  certificate_id UUID,
  last_accessed_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (user_id, course_id),
  CHECK (status <> 'completed' OR completed_at IS NOT NULL)
);
-- My enrolments, newest first.
CREATE INDEX enrollments_user_id_idx ON enrollments (user_id, created_at DESC, id DESC);
CREATE INDEX enrollments_course_id_idx ON enrollments (course_id, status);
CREATE INDEX enrollments_status_idx ON enrollments (status);
CREATE INDEX enrollments_created_at_idx ON enrollments (created_at);
CREATE TRIGGER enrollments_updated_at BEFORE UPDATE ON enrollments FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE lesson_completions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  lesson_id UUID NOT NULL REFERENCES lessons (id) ON DELETE RESTRICT, -- a completed lesson can only be unpublished
  enrollment_id UUID NOT NULL REFERENCES enrollments (id) ON DELETE RESTRICT,
  completed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  time_spent_minutes INTEGER NOT NULL DEFAULT 0 CHECK (time_spent_minutes BETWEEN 0 AND 10000),
  notes TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (user_id, lesson_id, enrollment_id)
);
CREATE INDEX lesson_completions_lesson_id_idx ON lesson_completions (lesson_id);
CREATE INDEX lesson_completions_completed_at_idx ON lesson_completions (completed_at);
-- Counts an enrolment's completed lessons.
CREATE INDEX lesson_completions_enrollment_id_idx ON lesson_completions (enrollment_id, lesson_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON enrollments, lesson_completions TO lyceum_app;
