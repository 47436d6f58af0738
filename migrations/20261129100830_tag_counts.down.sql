SET lock_timeout = '2s';

DROP TABLE tag_counts;
CREATE TABLE tag_counts (
  tag VARCHAR(100) COLLATE "C" PRIMARY KEY,
  course_count INTEGER NOT NULL DEFAULT 0
);
-- The list of tags, and those that begin with something, however it is written.
CREATE INDEX tag_counts_order_idx ON tag_counts ((lower(tag COLLATE "default") COLLATE "C"), tag) WHERE course_count > 0;

-- By what the course's own row says, which the triggers on course_tags keep: so one edit is one change of the counts.
CREATE OR REPLACE FUNCTION count_tags_of_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In order, so that two at once don't wait for each other.
  INSERT INTO tag_counts (tag, course_count)
  SELECT tag, sum(change) FROM (
    SELECT jsonb_array_elements_text(OLD.tags) AS tag, -1 AS change WHERE is_listed(OLD)
    UNION ALL SELECT jsonb_array_elements_text(NEW.tags), 1 WHERE is_listed(NEW)
  ) AS changes
  GROUP BY tag HAVING sum(change) <> 0 ORDER BY tag
  ON CONFLICT (tag) DO UPDATE SET course_count = tag_counts.course_count + excluded.course_count;
  RETURN NULL;
END $$;
INSERT INTO tag_counts
SELECT t.tag, count(*) FROM course_tags t JOIN courses c ON c.id = t.course_id AND is_listed(c) GROUP BY t.tag;

GRANT SELECT, INSERT, UPDATE, DELETE ON tag_counts TO lyceum_app;
