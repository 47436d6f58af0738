SET lock_timeout = '2s';

DROP TRIGGER courses_categories_counted_on_update ON courses;
DROP TRIGGER courses_categories_counted_on_insert ON courses;
DROP FUNCTION count_changed_course_of_categories();
DROP FUNCTION count_new_courses_of_categories();
DROP TABLE category_counts;
