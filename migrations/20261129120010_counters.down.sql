SET lock_timeout = '2s';

SELECT fold_counters(9223372036854775807);

DROP FUNCTION recompute_counter(text);
DROP FUNCTION fold_counters(bigint);
DROP VIEW counter_differences;
DROP VIEW counter_values;
DROP VIEW counter_facts;
DROP TRIGGER courses_tags_counted_on_delete ON courses;
DROP TRIGGER courses_tags_counted_on_insert ON courses;
DROP TRIGGER courses_categories_counted_on_delete ON courses;
DROP TRIGGER categories_counted_on_insert ON categories;
DROP FUNCTION count_tags_of_deleted_courses();
DROP FUNCTION count_tags_of_new_courses();
DROP FUNCTION count_deleted_courses_of_categories();
DROP FUNCTION begin_category_count();

CREATE OR REPLACE FUNCTION learn_words_of_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO known_words (lexeme, word, course_count)
  SELECT learnt.lexeme, min(learnt.word), least(count(*), 100)
  FROM added, words_to_know(added.words) AS learnt
  WHERE added.is_listed
    AND NOT EXISTS (SELECT FROM known_words k WHERE k.lexeme = learnt.lexeme AND k.course_count >= 100)
  GROUP BY learnt.lexeme ORDER BY learnt.lexeme
  ON CONFLICT (lexeme) DO UPDATE SET course_count = least(known_words.course_count + excluded.course_count, 100);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_known_words(before tsvector, after tsvector) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone text[] := ARRAY(SELECT lexeme FROM words_to_know(before) EXCEPT SELECT lexeme FROM words_to_know(after));
BEGIN
  INSERT INTO known_words (lexeme, word, course_count)
  SELECT learnt.lexeme, learnt.word, 1 FROM (SELECT * FROM words_to_know(after) EXCEPT SELECT * FROM words_to_know(before)) AS learnt
  WHERE NOT EXISTS (SELECT FROM known_words k WHERE k.lexeme = learnt.lexeme AND k.course_count >= 100)
  ORDER BY learnt.lexeme
  ON CONFLICT (lexeme) DO UPDATE SET course_count = known_words.course_count + 1;
  PERFORM FROM known_words WHERE lexeme = ANY (gone) AND course_count < 100 ORDER BY lexeme FOR UPDATE;
  UPDATE known_words SET course_count = course_count - 1 WHERE lexeme = ANY (gone) AND course_count < 100;
  DELETE FROM known_words WHERE lexeme = ANY (gone) AND course_count <= 0;
END $$;

CREATE OR REPLACE FUNCTION count_tags_of_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In order, so that two at once don't wait for each other.
  INSERT INTO tag_counts (key, tag, course_count)
  SELECT folded(tag), min(tag), sum(change) FROM (
    SELECT jsonb_array_elements_text(OLD.tags) AS tag, -1 AS change WHERE is_listed(OLD)
    UNION ALL SELECT jsonb_array_elements_text(NEW.tags), 1 WHERE is_listed(NEW)
  ) AS changes
  GROUP BY folded(tag) HAVING sum(change) <> 0 ORDER BY folded(tag) COLLATE "C"
  ON CONFLICT (key) DO UPDATE SET course_count = tag_counts.course_count + excluded.course_count,
    tag = CASE WHEN tag_counts.course_count <= 0 THEN excluded.tag ELSE tag_counts.tag END;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_changed_course_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In order, so that two at once don't wait for each other.
  INSERT INTO category_counts (category_id, course_count)
  SELECT category_id, sum(change) FROM (
    SELECT OLD.category_id, -1 AS change WHERE is_listed(OLD)
    UNION ALL SELECT NEW.category_id, 1 WHERE is_listed(NEW)
  ) AS changes
  GROUP BY category_id HAVING sum(change) <> 0 ORDER BY category_id
  ON CONFLICT (category_id) DO UPDATE SET course_count = category_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_new_courses_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO category_counts (category_id, course_count)
  SELECT category_id, count(*) FROM added WHERE is_listed(added) GROUP BY category_id ORDER BY category_id
  ON CONFLICT (category_id) DO UPDATE SET course_count = category_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION copy_category_to_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity SET category_id = NEW.category_id WHERE course_id = NEW.id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER courses_popularity_on_update AFTER UPDATE OF category_id ON courses
  FOR EACH ROW WHEN (OLD.category_id <> NEW.category_id) EXECUTE FUNCTION copy_category_to_popularity();

CREATE OR REPLACE FUNCTION count_deleted_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity SET enrollment_count = enrollment_count - 1 WHERE course_id = OLD.course_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_changed_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity
  SET enrollment_count = enrollment_count + CASE WHEN NEW.status = 'dropped' THEN -1 ELSE 1 END
  WHERE course_id = NEW.course_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_new_enrollments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM course_popularity WHERE course_id IN (SELECT course_id FROM added) ORDER BY course_id FOR UPDATE;
  UPDATE course_popularity p SET enrollment_count = enrollment_count + n.enrolled
  FROM (SELECT course_id, count(*) AS enrolled FROM added WHERE status <> 'dropped' GROUP BY course_id) AS n
  WHERE p.course_id = n.course_id;
  RETURN NULL;
END $$;

DROP TABLE counter_deltas;
DROP FUNCTION request_fold();
DELETE FROM jobs WHERE kind = 'fold-counters';

ALTER TABLE course_popularity RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE known_words RESET (fillfactor);
ALTER TABLE tag_counts RESET (fillfactor);
ALTER TABLE category_counts RESET (fillfactor, autovacuum_vacuum_threshold);
