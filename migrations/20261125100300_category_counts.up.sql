-- How many listed courses each category has: counted as they change, so that the list of categories doesn't count.
SET lock_timeout = '2s';

CREATE TABLE category_counts (
  category_id UUID PRIMARY KEY REFERENCES categories (id) ON DELETE CASCADE,
  course_count INTEGER NOT NULL DEFAULT 0
);

CREATE FUNCTION count_new_courses_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO category_counts (category_id, course_count)
  SELECT category_id, count(*) FROM added WHERE is_listed(added) GROUP BY category_id ORDER BY category_id
  ON CONFLICT (category_id) DO UPDATE SET course_count = category_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_categories_counted_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_courses_of_categories();

CREATE FUNCTION count_changed_course_of_categories() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER courses_categories_counted_on_update AFTER UPDATE OF category_id, status, visibility, deleted_at ON courses
  FOR EACH ROW WHEN (is_listed(OLD) <> is_listed(NEW) OR OLD.category_id <> NEW.category_id)
  EXECUTE FUNCTION count_changed_course_of_categories();

INSERT INTO category_counts SELECT category_id, count(*) FROM courses c WHERE is_listed(c) GROUP BY category_id;

GRANT SELECT, INSERT, UPDATE, DELETE ON category_counts TO lyceum_app;
