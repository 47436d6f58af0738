SET lock_timeout = '2s';

-- The constraint took the index over, and dropping it dropped the index.
DROP INDEX IF EXISTS enrollments_id_user_id_key;
