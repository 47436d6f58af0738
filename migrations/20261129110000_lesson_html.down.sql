SET lock_timeout = '2s';

DROP TRIGGER lessons_html_deleted ON lessons;
DROP FUNCTION delete_lesson_html();
DROP TABLE lesson_html;
