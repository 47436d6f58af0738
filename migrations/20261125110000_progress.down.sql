SET lock_timeout = '2s';
DROP TRIGGER sections_ask_on_delete ON sections;
DROP TRIGGER lessons_ask_on_update ON lessons;
DROP TRIGGER lessons_ask_on_delete ON lessons;
DROP TRIGGER lessons_ask_on_insert ON lessons;
DROP FUNCTION sections_ask_for_progress, changed_lessons_ask_for_progress, lessons_ask_for_progress, ask_for_progress;
DROP INDEX enrollments_open_idx, enrollments_roster_idx, enrollments_course_id_idx;
CREATE INDEX enrollments_course_id_idx ON enrollments (course_id, status);
DROP TABLE progress_recomputations;
