-- Ids that the database makes are version 7, as those that the application makes: new rows come last in their index.
SET lock_timeout = '2s';

ALTER TABLE course_tags ALTER COLUMN id SET DEFAULT uuid_v7();
ALTER TABLE course_prerequisites ALTER COLUMN id SET DEFAULT uuid_v7();
ALTER TABLE password_reset_tokens ALTER COLUMN id SET DEFAULT uuid_v7();
