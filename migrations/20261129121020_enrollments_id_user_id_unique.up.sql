-- New tables refer to an enrolment by (enrollment_id, user_id), so that all rows of a user can live in one partition or shard.
SET lock_timeout = '2s';

ALTER TABLE enrollments ADD CONSTRAINT enrollments_id_user_id_key UNIQUE USING INDEX enrollments_id_user_id_key;
