SET lock_timeout = '2s';

DROP INDEX courses_listed_category_title_idx, courses_listed_category_price_idx;
DROP TRIGGER courses_counted_on_update ON courses;
DROP TRIGGER courses_counted_on_insert ON courses;
DROP FUNCTION count_changed_course();
DROP FUNCTION count_new_courses();
DROP TABLE category_counts;
