SET lock_timeout = '2s';

ALTER TABLE roles DROP CONSTRAINT roles_name_check;
CREATE UNIQUE INDEX roles_name_lower_key ON roles (lower(name));
