-- no-transaction
DROP INDEX CONCURRENTLY uploads_without_lesson_idx;
