-- The keys of the advisory locks on the admission of learners, and known words in one order (docs/locks.md).
SET lock_timeout = '2s';

-- Returns the key of the advisory lock that is held, shared, by whoever enrols in the course or completes a lesson of it, and,
-- exclusively, by whoever changes whether that is allowed.
CREATE FUNCTION admission_key(course uuid) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hashtextextended(course::text, 0);

-- Counts the words of a course that is listed after a change and not before it, and the other way round. NULL stands for a
-- course that is not listed. A word that 100 courses have is left as it is, so that two who publish at once don't wait for
-- each other because of a word that everybody uses. One statement locks all words, in order: two who each count a word up that
-- the other counts down would otherwise wait for each other.
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
