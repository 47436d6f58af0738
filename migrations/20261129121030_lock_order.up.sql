-- Two parts of the order of locks (docs/locks.md): the lock on the admission of learners, and known words in one order.
SET lock_timeout = '2s';

-- Returns the key of the advisory lock on the admission of the course. Calls that enrol learners or complete lessons hold it
-- together; an edit that changes whether they may holds it alone.
CREATE FUNCTION admission_key(course uuid) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hashtextextended(course::text, 0);

-- Counts the words of a course that is listed after a change and not before it, and the other way round. NULL stands for a
-- course that is not listed. A word that 100 courses have is left as it is, so that two publishers don't wait for each
-- other because of a word that everybody uses. One statement locks all words, in order; if two publishers each
-- counted a word up that the other counts down, in two statements, they would wait for each other.
CREATE OR REPLACE FUNCTION count_known_words(before tsvector, after tsvector) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone text[] := ARRAY(SELECT lexeme FROM words_to_know(before) EXCEPT SELECT lexeme FROM words_to_know(after));
BEGIN
  INSERT INTO known_words AS w (lexeme, word, course_count)
  SELECT lexeme, min(word), sum(change)
  FROM (SELECT lexeme, word, 1 AS change FROM words_to_know(after) UNION ALL SELECT lexeme, word, -1 FROM words_to_know(before)) AS changes
  WHERE NOT EXISTS (SELECT FROM known_words k WHERE k.lexeme = changes.lexeme AND k.course_count >= 100)
  GROUP BY lexeme HAVING sum(change) <> 0 ORDER BY lexeme COLLATE "C"
  ON CONFLICT (lexeme) DO UPDATE SET course_count = w.course_count + excluded.course_count WHERE w.course_count < 100;
  DELETE FROM known_words WHERE lexeme = ANY (gone) AND course_count <= 0;
END $$;
