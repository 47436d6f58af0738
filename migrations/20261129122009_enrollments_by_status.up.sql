-- no-transaction
-- Lists the enrolments of a user that have one status.
CREATE INDEX CONCURRENTLY enrollments_user_status_idx ON enrollments (user_id, status, created_at DESC, id DESC);
