-- no-transaction
DROP INDEX CONCURRENTLY enrollments_user_status_idx;
