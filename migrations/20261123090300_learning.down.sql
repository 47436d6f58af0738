SET lock_timeout = '2s';

DROP TABLE lesson_completions, enrollments;
