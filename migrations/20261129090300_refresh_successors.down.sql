SET lock_timeout = '2s';
ALTER TABLE refresh_tokens DROP COLUMN sealed_successor;
