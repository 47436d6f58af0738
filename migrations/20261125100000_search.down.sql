SET lock_timeout = '2s';

DROP FUNCTION corrected_query(text);
DROP FUNCTION may_be_meant(text, text);
DROP TRIGGER courses_words_on_update ON courses;
DROP TRIGGER courses_words_on_insert ON courses;
DROP FUNCTION gather_words_of_changed_course();
DROP FUNCTION gather_words_of_new_courses();
DROP TABLE search_words;
DROP EXTENSION fuzzystrmatch;

DROP INDEX courses_search_title_idx;
ALTER TABLE courses DROP COLUMN search;
ALTER TABLE courses ADD COLUMN search TSVECTOR NOT NULL GENERATED ALWAYS AS (
  setweight(to_tsvector('simple', title), 'A')
  || setweight(jsonb_to_tsvector('simple', tags, '["string"]'), 'B')
  || setweight(to_tsvector('simple', left(description, 100000)), 'C')
) STORED;
CREATE INDEX courses_search_idx ON courses USING gin (search);
DROP TRIGGER courses_version ON courses;
CREATE TRIGGER courses_version BEFORE UPDATE ON courses FOR EACH ROW EXECUTE FUNCTION set_version();
DROP FUNCTION set_course_version();
DROP FUNCTION any_language_query(text);
DROP FUNCTION course_query(text, text);
DROP FUNCTION course_words(text, text, jsonb, text);
DROP FUNCTION search_configs();
DROP FUNCTION search_config(text);
