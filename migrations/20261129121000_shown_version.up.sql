-- The version of what a user shows to everyone (`shown_to_anyone`). The ETag of a course is made of its own version and of its
-- instructor's, so that a changed name updates one row and not all courses that the person teaches.
SET lock_timeout = '2s';

ALTER TABLE users ADD COLUMN shown_version INTEGER NOT NULL DEFAULT 0;

CREATE FUNCTION raise_shown_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.shown_version := OLD.shown_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER users_shown_version BEFORE UPDATE OF first_name, last_name, profile_picture_url, bio, deleted_at ON users
  FOR EACH ROW WHEN (shown_to_anyone(OLD) IS DISTINCT FROM shown_to_anyone(NEW))
  EXECUTE FUNCTION raise_shown_version();

-- The previous version of the code, while it still runs, answers 304 to a reader whose copy of a course has the former name. The
-- ETags of this version differ from those that it gave since the name was changed, so no reader keeps that copy.
DROP TRIGGER users_shown_by_courses ON users;
DROP FUNCTION raise_version_of_taught_courses();
