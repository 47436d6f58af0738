-- no-transaction
-- The courses that have a tag, in any of its spellings.
CREATE INDEX CONCURRENTLY course_tags_folded_idx ON course_tags (folded(tag), course_id);
