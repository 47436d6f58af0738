SET lock_timeout = '2s';

ALTER TABLE course_tags ALTER COLUMN id SET DEFAULT gen_random_uuid();
ALTER TABLE course_prerequisites ALTER COLUMN id SET DEFAULT gen_random_uuid();
ALTER TABLE password_reset_tokens ALTER COLUMN id SET DEFAULT gen_random_uuid();
