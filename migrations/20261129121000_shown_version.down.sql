SET lock_timeout = '2s';

CREATE FUNCTION raise_version_of_taught_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE courses SET version = version + 1 WHERE instructor_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER users_shown_by_courses AFTER UPDATE OF first_name, last_name, profile_picture_url, bio, deleted_at ON users
  FOR EACH ROW WHEN (shown_to_anyone(OLD) IS DISTINCT FROM shown_to_anyone(NEW))
  EXECUTE FUNCTION raise_version_of_taught_courses();

DROP TRIGGER users_shown_version ON users;
DROP FUNCTION raise_shown_version();
ALTER TABLE users DROP COLUMN shown_version;
