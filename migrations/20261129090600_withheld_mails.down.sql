SET lock_timeout = '2s';
ALTER TABLE outbox DROP COLUMN is_withheld;
