SET lock_timeout = '2s';

-- A constraint can't be turned back into an index, so the index is built again.
ALTER TABLE enrollments DROP CONSTRAINT enrollments_id_user_id_key;
CREATE UNIQUE INDEX enrollments_id_user_id_key ON enrollments (id, user_id);
