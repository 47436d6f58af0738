-- no-transaction
CREATE UNIQUE INDEX CONCURRENTLY course_tags_folded_key ON course_tags (course_id, folded(tag));
