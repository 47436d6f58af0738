-- Tags that differ in case, accents or normal form alone are one: within a course, the first by the alphabet stays.
SET lock_timeout = '2s';

DELETE FROM course_tags t USING course_tags other
WHERE other.course_id = t.course_id AND folded(other.tag) = folded(t.tag) AND other.tag COLLATE "C" < t.tag COLLATE "C";

-- Something of a tag can be seen.
ALTER TABLE course_tags ADD CONSTRAINT course_tags_tag_check CHECK (btrim(folded(tag)) <> '') NOT VALID;
