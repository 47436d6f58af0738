-- Categories show how many courses the public list has in each: counted as they change, so that no list counts.
SET lock_timeout = '2s';

CREATE TABLE category_counts (
  category_id UUID PRIMARY KEY REFERENCES categories (id) ON DELETE CASCADE,
  course_count INTEGER NOT NULL DEFAULT 0
);

-- Each of these goes through the categories in one order, so that two at once don't wait for each other.
CREATE FUNCTION count_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO category_counts (category_id, course_count)
  SELECT category_id, count(*) FROM added
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL
  GROUP BY category_id ORDER BY category_id
  ON CONFLICT (category_id) DO UPDATE SET course_count = category_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_counted_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_courses();

CREATE FUNCTION count_changed_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO category_counts (category_id, course_count)
  SELECT category_id, sum(change) FROM (VALUES
    (OLD.category_id, CASE WHEN OLD.status = 'published' AND OLD.visibility <> 'private' AND OLD.deleted_at IS NULL THEN -1 ELSE 0 END),
    (NEW.category_id, CASE WHEN NEW.status = 'published' AND NEW.visibility <> 'private' AND NEW.deleted_at IS NULL THEN 1 ELSE 0 END)
  ) AS changes (category_id, change)
  GROUP BY category_id HAVING sum(change) <> 0 ORDER BY category_id
  ON CONFLICT (category_id) DO UPDATE SET course_count = category_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_counted_on_update AFTER UPDATE OF category_id, status, visibility, deleted_at ON courses
  FOR EACH ROW EXECUTE FUNCTION count_changed_course();

INSERT INTO category_counts
SELECT category_id, count(*) FROM courses
WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL
GROUP BY category_id;

-- The public list of one category, by title and by price; by newest there is courses_listed_category_idx.
CREATE INDEX courses_listed_category_title_idx ON courses (category_id, lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_category_price_idx ON courses (category_id, price, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON category_counts TO lyceum_app;
