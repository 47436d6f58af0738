-- What is recomputed when a course's lessons change: the percentages of those who have not completed it.
SET lock_timeout = '2s';

-- A course that waits for it. The row is part of the edit that asks; a message only wakes whoever works on it.
CREATE TABLE progress_recomputations (
  course_id UUID PRIMARY KEY REFERENCES courses (id) ON DELETE CASCADE,
  edits BIGINT NOT NULL DEFAULT 1, -- each one raises it: work that began before it begins anew
  done_to UUID, -- enrolments up to this id are done
  taken_until TIMESTAMPTZ, -- somebody works on it, and is believed dead from then on
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX progress_recomputations_created_at_idx ON progress_recomputations (created_at, course_id);

-- Serves the batches: the enrolments of a course that are not completed, in the order of their ids.
CREATE INDEX enrollments_open_idx ON enrollments (course_id, id) WHERE completed_at IS NULL;

-- Serve the roster, newest first, of all and of one status.
DROP INDEX enrollments_course_id_idx;
CREATE INDEX enrollments_course_id_idx ON enrollments (course_id, status, created_at DESC, id DESC);
CREATE INDEX enrollments_roster_idx ON enrollments (course_id, created_at DESC, id DESC);

-- Triggers, so that no way of changing a lesson can forget to ask. A course that nobody is on the way through is left
-- out: whoever enrols or comes back later is counted by the lessons of then.
CREATE FUNCTION ask_for_progress(changed UUID[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO progress_recomputations (course_id)
  SELECT c.id FROM courses c
  WHERE c.id = ANY (changed) AND EXISTS (SELECT FROM enrollments e WHERE e.course_id = c.id AND e.completed_at IS NULL)
  ORDER BY c.id
  ON CONFLICT (course_id) DO UPDATE
    SET edits = progress_recomputations.edits + 1, done_to = NULL, taken_until = NULL
$$;

CREATE FUNCTION lessons_ask_for_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ask_for_progress(ARRAY(
    SELECT DISTINCT s.course_id FROM changed l JOIN sections s ON s.id = l.section_id
    WHERE l.is_published AND l.requires_completion));
  RETURN NULL;
END $$;
CREATE TRIGGER lessons_ask_on_insert AFTER INSERT ON lessons
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lessons_ask_for_progress();
CREATE TRIGGER lessons_ask_on_delete AFTER DELETE ON lessons
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lessons_ask_for_progress();

CREATE FUNCTION changed_lessons_ask_for_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ask_for_progress(ARRAY(
    SELECT DISTINCT s.course_id FROM before o JOIN after n ON n.id = o.id JOIN sections s ON s.id IN (o.section_id, n.section_id)
    WHERE (o.is_published AND o.requires_completion) <> (n.is_published AND n.requires_completion)
      OR (n.is_published AND n.requires_completion AND o.section_id <> n.section_id)));
  RETURN NULL;
END $$;
CREATE TRIGGER lessons_ask_on_update AFTER UPDATE ON lessons
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION changed_lessons_ask_for_progress();

-- Its lessons go after the section has gone, and can't say whose they were.
CREATE FUNCTION sections_ask_for_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ask_for_progress(ARRAY(SELECT DISTINCT course_id FROM changed));
  RETURN NULL;
END $$;
CREATE TRIGGER sections_ask_on_delete AFTER DELETE ON sections
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sections_ask_for_progress();

GRANT SELECT, INSERT, UPDATE, DELETE ON progress_recomputations TO lyceum_app;
