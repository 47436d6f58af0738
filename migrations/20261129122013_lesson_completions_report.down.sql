-- no-transaction
DROP INDEX CONCURRENTLY lesson_completions_report_idx;
