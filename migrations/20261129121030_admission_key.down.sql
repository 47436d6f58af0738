SET lock_timeout = '2s';

DROP FUNCTION admission_key(uuid);
