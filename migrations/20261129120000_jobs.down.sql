SET lock_timeout = '2s';

DROP TABLE jobs;
DROP FUNCTION request_job(text);
DROP FUNCTION uuid_v7();
