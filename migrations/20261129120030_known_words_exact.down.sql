SET lock_timeout = '2s';

SELECT fold_counters(9223372036854775807);
UPDATE known_words SET course_count = 100 WHERE course_count > 100;
