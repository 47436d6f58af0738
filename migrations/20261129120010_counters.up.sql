-- Counts without rows that all writers update: a write inserts what it changes into `counter_deltas`, and a job adds it to the
-- counts (docs/semantics.md, Counts).
--
-- At each moment, for each count: the fact (counter_facts) = the count (counter_values) + the deltas that wait (counter_deltas).
SET lock_timeout = '2s';

CREATE TABLE counter_deltas (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  counter VARCHAR(30) NOT NULL, -- the table that holds the counts
  key VARCHAR(400) COLLATE "C" NOT NULL, -- the primary key in that table
  label VARCHAR(100), -- what the key stands for, where the table shows it
  delta INTEGER NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000); -- rows live for seconds

CREATE FUNCTION request_fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added) THEN
    PERFORM request_job('fold-counters');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER counter_deltas_folded AFTER INSERT ON counter_deltas
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION request_fold();

-- How many are enrolled in a course. (The rows of course_popularity come with their courses.)
CREATE OR REPLACE FUNCTION count_new_enrollments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta)
  SELECT 'course_popularity', course_id, count(*) FROM added WHERE status <> 'dropped' GROUP BY course_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_changed_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta)
  VALUES ('course_popularity', NEW.course_id, CASE WHEN NEW.status = 'dropped' THEN -1 ELSE 1 END);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_deleted_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta) VALUES ('course_popularity', OLD.course_id, -1);
  RETURN NULL;
END $$;

-- The category beside the count is a copy. Locks in the order of courses, as folding does: neither waits for the other in a circle.
CREATE OR REPLACE FUNCTION copy_category_to_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM course_popularity p JOIN before o ON o.id = p.course_id JOIN after n USING (id)
  WHERE o.category_id <> n.category_id ORDER BY p.course_id FOR NO KEY UPDATE OF p;
  UPDATE course_popularity p SET category_id = n.category_id
  FROM before o JOIN after n USING (id) WHERE n.id = p.course_id AND o.category_id <> n.category_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER courses_popularity_on_update AFTER UPDATE ON courses
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION copy_category_to_popularity();

-- How many listed courses a category has. (Each category has a row from its beginning, so that folding inserts none.)
CREATE FUNCTION begin_category_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO category_counts (category_id) SELECT id FROM added ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER categories_counted_on_insert AFTER INSERT ON categories
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION begin_category_count();
INSERT INTO category_counts (category_id) SELECT id FROM categories ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION count_new_courses_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta)
  SELECT 'category_counts', category_id, count(*) FROM added WHERE is_listed(added) GROUP BY category_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_changed_course_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta)
  SELECT 'category_counts', category_id, sum(change) FROM (
    SELECT OLD.category_id, -1 AS change WHERE is_listed(OLD)
    UNION ALL SELECT NEW.category_id, 1 WHERE is_listed(NEW)
  ) AS changes
  GROUP BY category_id HAVING sum(change) <> 0;
  RETURN NULL;
END $$;

CREATE FUNCTION count_deleted_courses_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, delta)
  SELECT 'category_counts', category_id, -count(*) FROM removed WHERE is_listed(removed) GROUP BY category_id;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_categories_counted_on_delete AFTER DELETE ON courses
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_courses_of_categories();

-- How many listed courses a tag has, by the copy in the course.
CREATE FUNCTION count_tags_of_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT 'tag_counts', folded(tag), min(tag), count(*) FROM added, jsonb_array_elements_text(added.tags) AS tag
  WHERE is_listed(added) GROUP BY folded(tag);
  RETURN NULL;
END $$;
CREATE TRIGGER courses_tags_counted_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_tags_of_new_courses();

CREATE OR REPLACE FUNCTION count_tags_of_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT 'tag_counts', folded(tag), min(tag), sum(change) FROM (
    SELECT jsonb_array_elements_text(OLD.tags) AS tag, -1 AS change WHERE is_listed(OLD)
    UNION ALL SELECT jsonb_array_elements_text(NEW.tags), 1 WHERE is_listed(NEW)
  ) AS changes
  GROUP BY folded(tag) HAVING sum(change) <> 0;
  RETURN NULL;
END $$;

CREATE FUNCTION count_tags_of_deleted_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT 'tag_counts', folded(tag), min(tag), -count(*) FROM removed, jsonb_array_elements_text(removed.tags) AS tag
  WHERE is_listed(removed) GROUP BY folded(tag);
  RETURN NULL;
END $$;
CREATE TRIGGER courses_tags_counted_on_delete AFTER DELETE ON courses
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_tags_of_deleted_courses();

-- How many listed courses have a word.
CREATE OR REPLACE FUNCTION count_known_words(before tsvector, after tsvector) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT 'known_words', lexeme, min(word), sum(change) FROM (
    SELECT lexeme, word, -1 AS change FROM words_to_know(before)
    UNION ALL SELECT lexeme, word, 1 FROM words_to_know(after)
  ) AS changes
  GROUP BY lexeme HAVING sum(change) <> 0;
END $$;

CREATE OR REPLACE FUNCTION learn_words_of_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT 'known_words', learnt.lexeme, min(learnt.word), count(*) FROM added, words_to_know(added.words) AS learnt
  WHERE added.is_listed GROUP BY learnt.lexeme;
  RETURN NULL;
END $$;

-- What each count is to be, by the tables that it counts. A new counter has a branch here, in counter_values and in fold_counters.
CREATE VIEW counter_facts (counter, key, label, value) AS
  SELECT 'course_popularity', course_id::text COLLATE "C", NULL::text, count(*) FROM enrollments
  WHERE status <> 'dropped' GROUP BY course_id
  UNION ALL
  SELECT 'category_counts', category_id::text, NULL, count(*) FROM courses c WHERE is_listed(c) GROUP BY category_id
  UNION ALL
  SELECT 'tag_counts', folded(t.tag), min(t.tag), count(*) FROM course_tags t JOIN courses c ON c.id = t.course_id
  WHERE is_listed(c) GROUP BY folded(t.tag)
  UNION ALL
  SELECT 'known_words', known.lexeme, min(known.word), count(*) FROM course_search s, words_to_know(s.words) AS known
  WHERE s.is_listed GROUP BY known.lexeme;

CREATE VIEW counter_values (counter, key, value) AS
  SELECT 'course_popularity', course_id::text COLLATE "C", enrollment_count::bigint FROM course_popularity
  UNION ALL SELECT 'category_counts', category_id::text, course_count FROM category_counts
  UNION ALL SELECT 'tag_counts', key, course_count FROM tag_counts
  UNION ALL SELECT 'known_words', lexeme, course_count FROM known_words;

-- What is missing in counts and deltas. Without a fault there are no rows, at any moment.
CREATE VIEW counter_differences (counter, key, label, difference) AS
  SELECT counter, key, min(label), sum(value) FROM (
    SELECT counter, key, label, value FROM counter_facts
    UNION ALL SELECT counter, key, NULL, -value FROM counter_values
    UNION ALL SELECT counter, key, NULL, -delta FROM counter_deltas
  ) AS parts
  GROUP BY counter, key HAVING sum(value) <> 0;

-- Adds up to `most` deltas, the oldest first, to the counts, and removes them. Returns their number, and whether a count changed
-- that categories or tags show.
CREATE FUNCTION fold_counters(most bigint, OUT folded bigint, OUT changed_catalog boolean) LANGUAGE plpgsql AS $$
DECLARE
  changes counter_deltas[];
BEGIN
  PERFORM pg_advisory_xact_lock(x'666f6c64'::bigint); -- one at a time
  WITH gone AS (
    DELETE FROM counter_deltas
    WHERE id <= (SELECT max(id) FROM (SELECT id FROM counter_deltas ORDER BY id LIMIT most) AS oldest)
    RETURNING id, counter, key, label, delta),
  change AS (
    SELECT counter, key, sum(delta) AS delta,
      coalesce((array_agg(label ORDER BY id) FILTER (WHERE delta > 0))[1], min(label), key) AS label
    FROM gone GROUP BY counter, key)
  SELECT (SELECT count(*) FROM gone),
    array_agg(ROW(0, counter, key, label, delta)::counter_deltas ORDER BY counter, key) FILTER (WHERE delta <> 0)
  INTO folded, changes FROM change;

  PERFORM FROM course_popularity p
  JOIN unnest(changes) AS c ON p.course_id = CASE WHEN c.counter = 'course_popularity' THEN c.key::uuid END
  ORDER BY p.course_id FOR NO KEY UPDATE OF p;
  UPDATE course_popularity p SET enrollment_count = p.enrollment_count + c.delta FROM unnest(changes) AS c
  WHERE p.course_id = CASE WHEN c.counter = 'course_popularity' THEN c.key::uuid END;

  UPDATE category_counts n SET course_count = n.course_count + c.delta FROM unnest(changes) AS c
  WHERE n.category_id = CASE WHEN c.counter = 'category_counts' THEN c.key::uuid END;

  INSERT INTO tag_counts AS n (key, tag, course_count)
  SELECT c.key, c.label, c.delta FROM unnest(changes) AS c WHERE c.counter = 'tag_counts'
  ON CONFLICT (key) DO UPDATE SET course_count = n.course_count + excluded.course_count;
  DELETE FROM tag_counts n USING unnest(changes) AS c
  WHERE c.counter = 'tag_counts' AND n.key = c.key AND n.course_count <= 0;

  INSERT INTO known_words AS n (lexeme, word, course_count)
  SELECT c.key, left(c.label, 30), c.delta FROM unnest(changes) AS c WHERE c.counter = 'known_words'
  ON CONFLICT (lexeme) DO UPDATE SET course_count = n.course_count + excluded.course_count;
  DELETE FROM known_words n USING unnest(changes) AS c
  WHERE c.counter = 'known_words' AND n.lexeme = c.key AND n.course_count <= 0;

  changed_catalog := EXISTS (SELECT FROM unnest(changes) AS c WHERE c.counter IN ('category_counts', 'tag_counts'));
END $$;

-- Puts what is missing in the counts of one table into the deltas, to be folded. It blocks neither writes nor folding: facts, counts
-- and deltas are read in one snapshot. Returns how many counts were wrong.
CREATE FUNCTION recompute_counter(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  wrong bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(x'72636d70'::bigint); -- one at a time, or each would correct the same
  INSERT INTO course_popularity (course_id, category_id)
  SELECT id, category_id FROM courses WHERE wanted = 'course_popularity' ON CONFLICT DO NOTHING;
  INSERT INTO category_counts (category_id)
  SELECT id FROM categories WHERE wanted = 'category_counts' ON CONFLICT DO NOTHING;
  INSERT INTO counter_deltas (counter, key, label, delta)
  SELECT counter, key, label, difference FROM counter_differences WHERE counter = wanted;
  GET DIAGNOSTICS wrong = ROW_COUNT;
  RETURN wrong;
END $$;

-- So that a change of a count touches no index. (Impossible for course_popularity, whose order is by the count.)
ALTER TABLE category_counts SET (fillfactor = 50, autovacuum_vacuum_threshold = 500);
ALTER TABLE tag_counts SET (fillfactor = 70);
ALTER TABLE known_words SET (fillfactor = 80);
ALTER TABLE course_popularity SET (autovacuum_vacuum_scale_factor = 0.05);

GRANT SELECT, INSERT, DELETE ON counter_deltas TO lyceum_app;
GRANT SELECT ON counter_facts, counter_values, counter_differences TO lyceum_app;
