SET lock_timeout = '2s';

-- Counts the words of a course that is listed after a change and not before it, and the other way round. NULL stands for a
-- course that is not listed. A word that 100 courses have is left as it is, so that two who publish at once don't wait for
-- each other because of a word that everybody uses. In order, for the same reason.
CREATE OR REPLACE FUNCTION count_known_words(before tsvector, after tsvector) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone text[] := ARRAY(SELECT lexeme FROM words_to_know(before) EXCEPT SELECT lexeme FROM words_to_know(after));
BEGIN
  INSERT INTO known_words (lexeme, word, course_count)
  SELECT learnt.lexeme, learnt.word, 1 FROM (SELECT * FROM words_to_know(after) EXCEPT SELECT * FROM words_to_know(before)) AS learnt
  WHERE NOT EXISTS (SELECT FROM known_words k WHERE k.lexeme = learnt.lexeme AND k.course_count >= 100)
  ORDER BY learnt.lexeme
  ON CONFLICT (lexeme) DO UPDATE SET course_count = known_words.course_count + 1;
  PERFORM FROM known_words WHERE lexeme = ANY (gone) AND course_count < 100 ORDER BY lexeme FOR UPDATE;
  UPDATE known_words SET course_count = course_count - 1 WHERE lexeme = ANY (gone) AND course_count < 100;
  DELETE FROM known_words WHERE lexeme = ANY (gone) AND course_count <= 0;
END $$;

DROP FUNCTION admission_key(uuid);
