-- The HTML of lessons' Markdown, so that it is rendered when it is written and not at each read.
SET lock_timeout = '2s';

CREATE TABLE lesson_html (
  lesson_id UUID PRIMARY KEY REFERENCES lessons (id) ON DELETE CASCADE,
  html TEXT NOT NULL,
  renderer SMALLINT NOT NULL -- its version: HTML of another version is rendered again
);

-- Deletes the HTML of Markdown that changes, also when SQL or a version of the code without this table changes it.
CREATE FUNCTION delete_lesson_html() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM lesson_html WHERE lesson_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER lessons_html_deleted AFTER UPDATE OF markdown_content ON lessons
  FOR EACH ROW WHEN (OLD.markdown_content IS DISTINCT FROM NEW.markdown_content)
  EXECUTE FUNCTION delete_lesson_html();

GRANT SELECT, INSERT, UPDATE, DELETE ON lesson_html TO lyceum_app;
