SET lock_timeout = '2s';

ALTER TABLE course_tags DROP CONSTRAINT course_tags_tag_check;
