-- The search in a table of its own, kept by triggers: an edit of a course that changes no text touches no search index.
-- `courses.search` goes with its indexes, which rewrites nothing.
SET lock_timeout = '2s';

CREATE TABLE course_search (
  course_id UUID PRIMARY KEY REFERENCES courses (id) ON DELETE CASCADE,
  is_listed BOOLEAN NOT NULL, -- is_listed(course)
  language VARCHAR(2), -- search_language(course.language)
  title TSVECTOR NOT NULL, -- the words of the title: courses that have all the words there come first
  words TSVECTOR NOT NULL
) WITH (fillfactor = 90); -- so that listing a course touches no index

CREATE FUNCTION index_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO course_search (course_id, is_listed, language, title, words)
  SELECT added.id, is_listed(added), spoken.language, titled.title,
    course_vector(spoken.language, titled.title, added.tags, added.description)
  FROM added, LATERAL (SELECT search_language(added.language) AS language OFFSET 0) AS spoken,
    LATERAL (SELECT search_vector(spoken.language, added.title) AS title OFFSET 0) AS titled;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_indexed_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION index_new_courses();

CREATE FUNCTION index_changed_course() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  new_language text := search_language(NEW.language);
  new_title tsvector;
BEGIN
  IF (OLD.title, OLD.description, OLD.tags, OLD.language) = (NEW.title, NEW.description, NEW.tags, NEW.language) THEN
    UPDATE course_search SET is_listed = is_listed(NEW) WHERE course_id = NEW.id;
  ELSE
    new_title := search_vector(new_language, NEW.title);
    UPDATE course_search SET is_listed = is_listed(NEW), language = new_language, title = new_title,
      words = course_vector(new_language, new_title, NEW.tags, NEW.description)
    WHERE course_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_indexed_on_update AFTER UPDATE ON courses
  FOR EACH ROW WHEN (OLD.title <> NEW.title OR OLD.description <> NEW.description OR OLD.tags <> NEW.tags
    OR OLD.language <> NEW.language OR is_listed(OLD) <> is_listed(NEW))
  EXECUTE FUNCTION index_changed_course();

-- From here on, nothing of the search before.
DROP FUNCTION corrected_query(text);
DROP FUNCTION may_be_meant(text, text);
DROP TRIGGER courses_words_on_update ON courses;
DROP TRIGGER courses_words_on_insert ON courses;
DROP FUNCTION gather_words_of_changed_course();
DROP FUNCTION gather_words_of_new_courses();
DROP TABLE search_words;
ALTER TABLE courses DROP COLUMN search;
DROP INDEX courses_search_title_idx;
DROP FUNCTION any_language_query(text);
DROP FUNCTION course_query(text, text);
DROP FUNCTION course_words(text, text, jsonb, text);
DROP FUNCTION search_configs();

CREATE OR REPLACE FUNCTION set_course_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$;

INSERT INTO course_search (course_id, is_listed, language, title, words)
SELECT c.id, is_listed(c), spoken.language, titled.title, course_vector(spoken.language, titled.title, c.tags, c.description)
FROM courses c, LATERAL (SELECT search_language(c.language) AS language OFFSET 0) AS spoken,
  LATERAL (SELECT search_vector(spoken.language, c.title) AS title OFFSET 0) AS titled;

-- What is written goes into the index at once: a search would have to read what waits in a list.
CREATE INDEX course_search_words_idx ON course_search USING gin (words) WITH (fastupdate = off);
CREATE INDEX course_search_title_idx ON course_search USING gin (title) WITH (fastupdate = off);
CREATE INDEX course_search_language_idx ON course_search (language);

-- Returns the languages that a search has to look in.
CREATE FUNCTION spoken_languages() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  -- One step in the index for each language, not for each course.
  WITH RECURSIVE spoken AS (
    SELECT min(language) AS language FROM course_search
    UNION ALL
    SELECT (SELECT min(s.language) FROM course_search s WHERE s.language > spoken.language) FROM spoken
    WHERE spoken.language IS NOT NULL
  )
  SELECT coalesce(array_agg(language::text) FILTER (WHERE language IS NOT NULL), '{}') FROM spoken;
END;

-- Returns up to `most` courses with the words of the query, in their titles or anywhere. Its cost is bounded whatever the words:
-- frequent ones are found on the first 300 pages (2.4 MB) of the table, since an index would list most of the table before it gives
-- the first course. Others are found by an index, always: of a long query of rare words the planner expects so much that it would
-- read the whole table.
CREATE FUNCTION search_matches(query tsquery, in_titles boolean, only_listed boolean, most bigint) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000 SET enable_seqscan = off AS $$
DECLARE
  matches uuid[];
BEGIN
  IF most < 5000 THEN
    -- (IS TRUE keeps the indexes out of it.)
    matches := ARRAY(SELECT s.course_id FROM course_search s
      WHERE s.ctid < '(300,0)' AND (CASE WHEN in_titles THEN s.title ELSE s.words END @@ query) IS TRUE
        AND (s.is_listed OR NOT only_listed) LIMIT most);
    IF cardinality(matches) = most THEN
      RETURN QUERY SELECT unnest(matches);
      RETURN;
    END IF;
  END IF;
  IF in_titles THEN
    RETURN QUERY SELECT s.course_id FROM course_search s
      WHERE s.title @@ query AND (s.is_listed OR NOT only_listed) LIMIT most;
  ELSE
    RETURN QUERY SELECT s.course_id FROM course_search s
      WHERE s.words @@ query AND (s.is_listed OR NOT only_listed) LIMIT most;
  END IF;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON course_search TO lyceum_app;
