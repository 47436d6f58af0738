SET lock_timeout = '2s';

-- Drops its index, too.
ALTER TABLE enrollments DROP CONSTRAINT enrollments_id_user_id_key;
