-- Lists in every order at any size: how many are enrolled, counted beside the course, and an index for each order.
SET lock_timeout = '2s';

-- Beside the course: the count is no part of what its version stands for, and who enrols holds the course's own row.
CREATE TABLE course_popularity (
  course_id UUID PRIMARY KEY REFERENCES courses (id) ON DELETE CASCADE,
  category_id UUID NOT NULL, -- a copy, so that a category's most popular stand in one index
  enrollment_count INTEGER NOT NULL DEFAULT 0 -- without the dropped ones
);
CREATE INDEX course_popularity_order_idx ON course_popularity (enrollment_count, course_id);
CREATE INDEX course_popularity_category_idx ON course_popularity (category_id, enrollment_count, course_id);

CREATE FUNCTION begin_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO course_popularity (course_id, category_id) SELECT id, category_id FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_popularity_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION begin_popularity();

CREATE FUNCTION copy_category_to_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity SET category_id = NEW.category_id WHERE course_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_popularity_on_update AFTER UPDATE OF category_id ON courses
  FOR EACH ROW WHEN (OLD.category_id <> NEW.category_id) EXECUTE FUNCTION copy_category_to_popularity();

-- Once a statement where many rows may come at once, and in the order of courses, so that two at once don't wait for
-- each other.
CREATE FUNCTION count_new_enrollments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM course_popularity WHERE course_id IN (SELECT course_id FROM added) ORDER BY course_id FOR UPDATE;
  UPDATE course_popularity p SET enrollment_count = enrollment_count + n.enrolled
  FROM (SELECT course_id, count(*) AS enrolled FROM added WHERE status <> 'dropped' GROUP BY course_id) AS n
  WHERE p.course_id = n.course_id;
  RETURN NULL;
END $$;
CREATE TRIGGER enrollments_popularity_on_insert AFTER INSERT ON enrollments
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_enrollments();

CREATE FUNCTION count_changed_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity
  SET enrollment_count = enrollment_count + CASE WHEN NEW.status = 'dropped' THEN -1 ELSE 1 END
  WHERE course_id = NEW.course_id;
  RETURN NULL;
END $$;
CREATE TRIGGER enrollments_popularity_on_update AFTER UPDATE OF status ON enrollments
  FOR EACH ROW WHEN ((OLD.status = 'dropped') <> (NEW.status = 'dropped')) EXECUTE FUNCTION count_changed_enrollment();

CREATE FUNCTION count_deleted_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE course_popularity SET enrollment_count = enrollment_count - 1 WHERE course_id = OLD.course_id;
  RETURN NULL;
END $$;
CREATE TRIGGER enrollments_popularity_on_delete AFTER DELETE ON enrollments
  FOR EACH ROW WHEN (OLD.status <> 'dropped') EXECUTE FUNCTION count_deleted_enrollment();

INSERT INTO course_popularity
SELECT c.id, c.category_id, (SELECT count(*) FROM enrollments WHERE course_id = c.id AND status <> 'dropped') FROM courses c;

-- The public list, by price, by language, and what is featured; within a category, by title and by price.
CREATE INDEX courses_listed_category_title_idx ON courses (category_id, lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_category_price_idx ON courses (category_id, price, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_price_idx ON courses (price, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_language_idx ON courses (language, created_at DESC, id DESC)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_featured_idx ON courses (created_at DESC, id DESC)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL AND is_featured;
-- The lists of staff, who name a status, by title and by price; by newest there is courses_status_idx.
CREATE INDEX courses_status_title_idx ON courses (status, lower(title), id);
CREATE INDEX courses_status_price_idx ON courses (status, price, id);
-- The administrators' list of deleted courses.
CREATE INDEX courses_deleted_idx ON courses (created_at DESC, id DESC) WHERE deleted_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON course_popularity TO lyceum_app;
