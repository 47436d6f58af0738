-- Counts tags by their folding. The table is rebuilt from the courses.
SET lock_timeout = '2s';

DROP TABLE tag_counts;
CREATE TABLE tag_counts (
  key VARCHAR(400) COLLATE "C" PRIMARY KEY, -- folded(tag)
  tag VARCHAR(100) NOT NULL, -- the spelling that is shown: the one that was counted first
  course_count INTEGER NOT NULL DEFAULT 0
);
-- The list of tags, and those that begin with something.
CREATE INDEX tag_counts_order_idx ON tag_counts (key) WHERE course_count > 0;

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

INSERT INTO tag_counts
SELECT folded(t.tag), min(t.tag), count(*)
FROM course_tags t JOIN courses c ON c.id = t.course_id AND is_listed(c) GROUP BY folded(t.tag);

GRANT SELECT, INSERT, UPDATE, DELETE ON tag_counts TO lyceum_app;

ALTER TABLE course_tags VALIDATE CONSTRAINT course_tags_tag_check;
