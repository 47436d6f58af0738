-- What is taught.
SET lock_timeout = '2s';

-- Raises `version` with each change that the object shows, and keeps `updated_at`: an UPDATE that
-- changes nothing leaves both as they are, so that the ETag of an unchanged object stays. (`search`
-- is generated after this trigger, so it is not in NEW yet.)
CREATE FUNCTION set_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'search' IS DISTINCT FROM to_jsonb(OLD) - 'search' THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$;

CREATE TABLE categories (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  name VARCHAR(255) NOT NULL UNIQUE,
  slug VARCHAR(255) NOT NULL UNIQUE,
  description TEXT,
  icon_url VARCHAR(255),
  display_order INTEGER NOT NULL DEFAULT 0,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX categories_display_order_idx ON categories (display_order, id);
CREATE TRIGGER categories_updated_at BEFORE UPDATE ON categories FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE courses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  title VARCHAR(255) NOT NULL,
  slug VARCHAR(255) NOT NULL
    CHECK (slug !~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'), -- or it would shadow an id
  description TEXT NOT NULL,
  content TEXT,
  thumbnail_url VARCHAR(255),
  instructor_id UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  category_id UUID NOT NULL REFERENCES categories (id) ON DELETE RESTRICT,
  status VARCHAR(20) NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
  visibility VARCHAR(20) NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'private', 'restricted')),
  is_featured BOOLEAN NOT NULL DEFAULT false,
  difficulty_level VARCHAR(20) NOT NULL DEFAULT 'beginner' CHECK (difficulty_level IN ('beginner', 'intermediate', 'advanced')),
  language VARCHAR(10) NOT NULL DEFAULT 'en',
  price DECIMAL(10, 2) NOT NULL DEFAULT 0.00 CHECK (price >= 0),
  prerequisites JSONB NOT NULL DEFAULT '[]', -- a copy, kept by a trigger on course_prerequisites
  required_score INTEGER NOT NULL DEFAULT 0 CHECK (required_score BETWEEN 0 AND 100),
  allow_retake BOOLEAN NOT NULL DEFAULT true,
  max_attempts INTEGER CHECK (max_attempts > 0),
  estimated_hours DECIMAL(10, 2) CHECK (estimated_hours >= 0),
  tags JSONB NOT NULL DEFAULT '[]', -- a copy, kept by a trigger on course_tags
  meta_description VARCHAR(500),
  meta_keywords VARCHAR(500),
  created_by UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  updated_by UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  published_at TIMESTAMPTZ, -- the first time
  deleted_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  version INTEGER NOT NULL DEFAULT 1,
  search TSVECTOR NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', title), 'A')
    || setweight(jsonb_to_tsvector('simple', tags, '["string"]'), 'B')
    || setweight(to_tsvector('simple', left(description, 100000)), 'C')
  ) STORED
);
-- A slug is free again once its course is deleted.
CREATE UNIQUE INDEX courses_slug_key ON courses (slug) WHERE deleted_at IS NULL;
CREATE INDEX courses_title_idx ON courses (title);
CREATE INDEX courses_instructor_id_idx ON courses (instructor_id, created_at DESC, id DESC);
CREATE INDEX courses_created_by_idx ON courses (created_by);
CREATE INDEX courses_updated_by_idx ON courses (updated_by);
CREATE INDEX courses_category_id_idx ON courses (category_id);
CREATE INDEX courses_status_idx ON courses (status, created_at DESC, id DESC);
CREATE INDEX courses_created_at_idx ON courses (created_at DESC, id DESC);
-- The public list, by newest and by title, and within a category.
CREATE INDEX courses_listed_newest_idx ON courses (created_at DESC, id DESC)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_title_idx ON courses (lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_category_idx ON courses (category_id, created_at DESC, id DESC)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_search_idx ON courses USING gin (search);
CREATE TRIGGER courses_version BEFORE UPDATE ON courses FOR EACH ROW EXECUTE FUNCTION set_version();

-- A course shows its instructor; so its version follows what is shown of them.
CREATE FUNCTION raise_version_of_taught_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE courses SET version = version + 1 WHERE instructor_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER users_shown_by_courses AFTER UPDATE OF first_name, last_name, profile_picture_url, bio ON users
  FOR EACH ROW WHEN ((OLD.first_name, OLD.last_name, OLD.profile_picture_url, OLD.bio)
    IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.profile_picture_url, NEW.bio))
  EXECUTE FUNCTION raise_version_of_taught_courses();

CREATE TABLE sections (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  course_id UUID NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
  title VARCHAR(255) NOT NULL,
  description TEXT,
  display_order INTEGER NOT NULL DEFAULT 0,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX sections_course_id_idx ON sections (course_id, display_order, id);
CREATE INDEX sections_display_order_idx ON sections (display_order);
CREATE TRIGGER sections_version BEFORE UPDATE ON sections FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE lessons (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  section_id UUID NOT NULL REFERENCES sections (id) ON DELETE CASCADE,
  title VARCHAR(255) NOT NULL,
  description TEXT,
  content TEXT,
  lesson_type VARCHAR(20) NOT NULL DEFAULT 'text' CHECK (lesson_type IN ('video', 'document', 'quiz', 'assignment', 'text')),
  video_url VARCHAR(500),
  video_provider VARCHAR(20) CHECK (video_provider IN ('youtube', 'vimeo', 'self_hosted')),
  self_hosted_video_path VARCHAR(500),
  document_paths JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(document_paths) = 'array'),
  external_links JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(external_links) = 'array'),
  markdown_content TEXT,
  display_order INTEGER NOT NULL DEFAULT 0,
  duration_minutes INTEGER CHECK (duration_minutes >= 0),
  is_published BOOLEAN NOT NULL DEFAULT false,
  requires_completion BOOLEAN NOT NULL DEFAULT true,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX lessons_section_id_idx ON lessons (section_id, display_order, id);
CREATE INDEX lessons_display_order_idx ON lessons (display_order);
CREATE TRIGGER lessons_version BEFORE UPDATE ON lessons FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE course_prerequisites (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  course_id UUID NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
  prerequisite_course_id UUID NOT NULL REFERENCES courses (id) ON DELETE RESTRICT,
  min_completion_percentage INTEGER NOT NULL DEFAULT 100 CHECK (min_completion_percentage BETWEEN 0 AND 100),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (course_id, prerequisite_course_id),
  CHECK (course_id <> prerequisite_course_id)
);
CREATE INDEX course_prerequisites_prerequisite_course_id_idx ON course_prerequisites (prerequisite_course_id);

CREATE TABLE course_tags (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  course_id UUID NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
  tag VARCHAR(100) NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (course_id, tag)
);
CREATE INDEX course_tags_tag_idx ON course_tags (tag, course_id);

-- The tables are the truth; the JSONB columns are copies, so that reading a course touches one row.
-- Once a statement, not once a row.
CREATE FUNCTION copy_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE courses SET tags = coalesce(
    (SELECT jsonb_agg(tag ORDER BY tag) FROM course_tags WHERE course_id = courses.id), '[]')
  WHERE id IN (SELECT course_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER course_tags_copied_on_insert AFTER INSERT ON course_tags
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_tags();
CREATE TRIGGER course_tags_copied_on_update AFTER UPDATE ON course_tags
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_tags();
CREATE TRIGGER course_tags_copied_on_delete AFTER DELETE ON course_tags
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_tags();

CREATE FUNCTION copy_prerequisites() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE courses SET prerequisites = coalesce(
    (SELECT jsonb_agg(prerequisite_course_id ORDER BY prerequisite_course_id)
     FROM course_prerequisites WHERE course_id = courses.id), '[]')
  WHERE id IN (SELECT course_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER course_prerequisites_copied_on_insert AFTER INSERT ON course_prerequisites
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_prerequisites();
CREATE TRIGGER course_prerequisites_copied_on_update AFTER UPDATE ON course_prerequisites
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_prerequisites();
CREATE TRIGGER course_prerequisites_copied_on_delete AFTER DELETE ON course_prerequisites
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION copy_prerequisites();

GRANT SELECT, INSERT, UPDATE, DELETE ON categories, courses, sections, lessons, course_prerequisites, course_tags TO lyceum_app;
