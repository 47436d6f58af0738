SET lock_timeout = '2s';

DROP TRIGGER users_shown_by_courses ON users;
CREATE TRIGGER users_shown_by_courses AFTER UPDATE OF first_name, last_name, profile_picture_url, bio ON users
  FOR EACH ROW WHEN ((OLD.first_name, OLD.last_name, OLD.profile_picture_url, OLD.bio)
    IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.profile_picture_url, NEW.bio))
  EXECUTE FUNCTION raise_version_of_taught_courses();
DROP FUNCTION shown_to_anyone(users);

DROP TABLE limits, known_addresses, email_changes;
ALTER TABLE outbox DROP COLUMN recipient;
DROP INDEX users_created_at_idx, users_search_idx, users_deleted_at_idx;
DROP EXTENSION pg_trgm;
ALTER TABLE users DROP COLUMN erased_at;
DROP INDEX sessions_ended_idx, roles_name_lower_key;
ALTER TABLE refresh_tokens DROP COLUMN parent;
ALTER TABLE password_reset_tokens DROP COLUMN is_invitation;
