SET lock_timeout = '2s';

DROP TABLE idempotency_keys;
