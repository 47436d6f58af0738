SET lock_timeout = '2s';

ALTER TABLE courses DROP CONSTRAINT courses_language_check;
