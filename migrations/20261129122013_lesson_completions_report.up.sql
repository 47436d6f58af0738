-- no-transaction
-- Answers the report of a course without reading the table.
CREATE INDEX CONCURRENTLY lesson_completions_report_idx ON lesson_completions (lesson_id, enrollment_id) INCLUDE (time_spent_minutes);
