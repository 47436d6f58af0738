SET lock_timeout = '2s';

DROP INDEX enrollments_id_user_id_key;
