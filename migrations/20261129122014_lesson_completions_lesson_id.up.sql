-- no-transaction
-- lesson_completions_report_idx begins with the same column.
DROP INDEX CONCURRENTLY lesson_completions_lesson_id_idx;
