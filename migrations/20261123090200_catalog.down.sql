SET lock_timeout = '2s';

DROP TRIGGER users_shown_by_courses ON users;
DROP TABLE course_tags, course_prerequisites, lessons, sections, courses, categories;
DROP FUNCTION copy_prerequisites(), copy_tags(), raise_version_of_taught_courses(), set_version();
