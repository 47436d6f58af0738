SET lock_timeout = '2s';

DROP INDEX courses_listed_category_title_idx, courses_listed_category_price_idx, courses_listed_price_idx, courses_listed_language_idx, courses_listed_featured_idx,
  courses_status_title_idx, courses_status_price_idx, courses_deleted_idx;
DROP TRIGGER enrollments_popularity_on_delete ON enrollments;
DROP TRIGGER enrollments_popularity_on_update ON enrollments;
DROP TRIGGER enrollments_popularity_on_insert ON enrollments;
DROP TRIGGER courses_popularity_on_update ON courses;
DROP TRIGGER courses_popularity_on_insert ON courses;
DROP FUNCTION count_deleted_enrollment();
DROP FUNCTION count_changed_enrollment();
DROP FUNCTION count_new_enrollments();
DROP FUNCTION copy_category_to_popularity();
DROP FUNCTION begin_popularity();
DROP TABLE course_popularity;
