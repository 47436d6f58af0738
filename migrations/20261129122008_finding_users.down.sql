SET lock_timeout = '2s';

DROP FUNCTION users_with(text, bigint);
DROP FUNCTION users_named(text, bigint);
