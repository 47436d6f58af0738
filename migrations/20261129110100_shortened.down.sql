SET lock_timeout = '2s';

DROP FUNCTION shortened(text, bigint);
