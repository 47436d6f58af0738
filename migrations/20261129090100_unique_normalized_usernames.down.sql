SET lock_timeout = '2s';
DROP INDEX users_normalized_username_key;
