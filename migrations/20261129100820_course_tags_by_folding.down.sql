-- no-transaction
DROP INDEX CONCURRENTLY course_tags_folded_idx;
