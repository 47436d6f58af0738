SET lock_timeout = '2s';

DROP TRIGGER courses_tags_counted ON courses;
DROP FUNCTION count_tags_of_course();
DROP TABLE tag_counts;
DROP FUNCTION is_listed(courses);
