-- What is in the tables by now is checked, too.
SET lock_timeout = '2s';

ALTER TABLE roles VALIDATE CONSTRAINT roles_name_check;
ALTER TABLE courses VALIDATE CONSTRAINT courses_language_check;
