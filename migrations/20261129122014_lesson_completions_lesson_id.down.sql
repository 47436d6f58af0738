-- no-transaction
CREATE INDEX CONCURRENTLY lesson_completions_lesson_id_idx ON lesson_completions (lesson_id);
