SET lock_timeout = '2s';

DROP FUNCTION corrected_query(text);
DROP FUNCTION may_be_meant(text, text);
DROP TRIGGER course_search_learned_on_delete ON course_search;
DROP TRIGGER course_search_learned_on_update ON course_search;
DROP TRIGGER course_search_learned_on_insert ON course_search;
DROP FUNCTION learn_words_of_changed_course();
DROP FUNCTION learn_words_of_new_courses();
DROP FUNCTION count_known_words(tsvector, tsvector);
DROP FUNCTION words_to_know(tsvector);
DROP TABLE known_words;
DROP FUNCTION search_deletions(text);
