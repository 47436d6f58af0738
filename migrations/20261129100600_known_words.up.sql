-- The words of listed courses, to find what a misspelt word may have meant. Each is counted, and goes with the last course
-- that has it; a course brings a bounded number of them, of bounded length.
SET lock_timeout = '2s';

CREATE TABLE known_words (
  lexeme VARCHAR(40) COLLATE "C" PRIMARY KEY, -- of course_search.words: a folded word (`algorithms`) or a stem (`en:algorithm`)
  word VARCHAR(30) COLLATE "C" NOT NULL, -- the lexeme without the language
  course_count INTEGER NOT NULL -- how many listed courses have it, up to 100, from where it is counted no more
);

-- Returns the beginnings of a word with letters left out: two words that differ by a typing mistake have one in common (as
-- SymSpell finds them: deletions of the first seven letters; two of a word of eight letters or more, else one).
CREATE FUNCTION search_deletions(word text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT array_agg(DISTINCT beginning) FROM (
    SELECT left(word, 7) COLLATE "C" AS beginning
    UNION ALL
    SELECT overlay(left(word, 7) PLACING '' FROM at FOR 1) FROM generate_series(1, least(length(word), 7)) AS at
    UNION ALL
    SELECT overlay(overlay(left(word, 7) PLACING '' FROM later FOR 1) PLACING '' FROM at FOR 1)
    FROM generate_series(1, 6) AS at, generate_series(at + 1, 7) AS later WHERE length(word) >= 8
  ) AS deletions;
END;

CREATE INDEX known_words_deletions_idx ON known_words USING gin (search_deletions(word)) WITH (fastupdate = off);
CREATE INDEX known_words_word_idx ON known_words (word);

-- Returns the words of a course that are worth knowing: of 3 to 30 letters, up to 200, those of the title first.
CREATE FUNCTION words_to_know(words tsvector) RETURNS TABLE (lexeme text, word text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT lexeme, word FROM (
    SELECT DISTINCT ON (word, is_stem) word, CASE WHEN is_stem THEN entry ELSE word END AS lexeme,
      weights[1] AS weight, positions[1] AS position, is_stem, bool_or(NOT is_stem) OVER (PARTITION BY word) AS is_word
    FROM unnest(words) AS entries (entry, positions, weights),
      LATERAL (SELECT entry LIKE '__:%' AS is_stem, CASE WHEN entry LIKE '__:%' THEN substr(entry, 4) ELSE ltrim(entry, '~') END AS word
        OFFSET 0) AS named
    WHERE length(word) BETWEEN 3 AND 30 AND word ~ '[^0-9]'
      AND (octet_length(word) = length(word) OR (folded(word) = word AND word !~ ('[' || search_unspaced() || ']')))
    ORDER BY word, is_stem, weights[1], positions[1]
  ) AS known
  WHERE NOT (is_stem AND is_word)
  ORDER BY weight, position, lexeme LIMIT 200;
END;

-- Counts the words of a course that is listed after a change and not before it, and the other way round. NULL stands for a
-- course that is not listed. A word that 100 courses have is left as it is, so that two who publish at once don't wait for
-- each other because of a word that everybody uses. In order, for the same reason.
CREATE FUNCTION count_known_words(before tsvector, after tsvector) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE FUNCTION learn_words_of_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO known_words (lexeme, word, course_count)
  SELECT learnt.lexeme, min(learnt.word), least(count(*), 100)
  FROM added, words_to_know(added.words) AS learnt
  WHERE added.is_listed
    AND NOT EXISTS (SELECT FROM known_words k WHERE k.lexeme = learnt.lexeme AND k.course_count >= 100)
  GROUP BY learnt.lexeme ORDER BY learnt.lexeme
  ON CONFLICT (lexeme) DO UPDATE SET course_count = least(known_words.course_count + excluded.course_count, 100);
  RETURN NULL;
END $$;
CREATE TRIGGER course_search_learned_on_insert AFTER INSERT ON course_search
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION learn_words_of_new_courses();

CREATE FUNCTION learn_words_of_changed_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_known_words(CASE WHEN OLD.is_listed THEN OLD.words END, CASE WHEN NEW.is_listed THEN NEW.words END);
  RETURN NULL;
END $$;
CREATE TRIGGER course_search_learned_on_update AFTER UPDATE ON course_search
  FOR EACH ROW WHEN ((OLD.is_listed OR NEW.is_listed) AND (OLD.is_listed <> NEW.is_listed OR OLD.words <> NEW.words))
  EXECUTE FUNCTION learn_words_of_changed_course();
CREATE TRIGGER course_search_learned_on_delete AFTER DELETE ON course_search
  FOR EACH ROW WHEN (OLD.is_listed) EXECUTE FUNCTION learn_words_of_changed_course();

INSERT INTO known_words (lexeme, word, course_count)
SELECT known.lexeme, min(known.word), least(count(*), 100)
FROM course_search s, words_to_know(s.words) AS known WHERE s.is_listed GROUP BY known.lexeme;

-- Whether somebody may have typed `typed` for `word`: its beginning, or one letter wrong, missing or too many (two in a long
-- word), or two swapped.
CREATE FUNCTION may_be_meant(word text, typed text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starts_with(word, typed)
  OR (length(typed) >= 4 AND levenshtein_less_equal(word, typed, 1) <= 1)
  OR (length(typed) >= 8 AND levenshtein_less_equal(word, typed, 2) <= 2)
  OR (length(word) = length(typed) AND levenshtein_less_equal(word, typed, 2) <= 2
    AND (SELECT string_agg(letter, '' ORDER BY letter) FROM regexp_split_to_table(word, '') AS letter)
      = (SELECT string_agg(letter, '' ORDER BY letter) FROM regexp_split_to_table(typed, '') AS letter));

-- Returns what misspelt words may have meant, as a tsquery: for each of the first eight, the known words that are like it.
-- Words that some language leaves out are left out. NULL when a word is like none that is known, and when words are excluded
-- or quoted: a search like that is meant as it is.
CREATE FUNCTION corrected_query(words text) RETURNS tsquery LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN bool_and(meant.alternatives IS NOT NULL) THEN string_agg('(' || meant.alternatives || ')', '&')::tsquery END
  FROM (
    SELECT DISTINCT left(match[1], 30) COLLATE "C" AS word
    FROM regexp_matches(search_words(folded(words)), '[' || search_unspaced() || ']+|[^ ' || search_unspaced() || ']+', 'g') AS match
    WHERE words !~ '(^|\s)-\S|"' AND NOT EXISTS (SELECT FROM unnest(search_languages()) AS language
      WHERE length(to_tsvector(search_config(language), match[1])) = 0)
    ORDER BY word LIMIT 8
  ) AS typed
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN typed.word ~ ('[' || search_unspaced() || ']') THEN search_term(typed.word, false, '{}', 'index')
      WHEN length(typed.word) < 3 THEN search_alternatives(typed.word, typed.word, '{}')
      ELSE (
        SELECT string_agg(CASE WHEN lexeme = word THEN format('''%s''|''~%s''', word, word) ELSE quote_literal(lexeme) END, '|')
        FROM (
          SELECT lexeme, word FROM (
            SELECT lexeme, word, course_count FROM known_words WHERE search_deletions(word) && search_deletions(typed.word)
            UNION
            (SELECT lexeme, word, course_count FROM known_words
             WHERE word >= typed.word AND word < typed.word || chr(1114111) ORDER BY word LIMIT 100)
          ) AS like_it
          WHERE may_be_meant(word, typed.word)
          ORDER BY levenshtein(word, typed.word), course_count DESC, lexeme LIMIT 12
        ) AS best)
    END AS alternatives
  ) AS meant;
END;

GRANT SELECT, INSERT, UPDATE, DELETE ON known_words TO lyceum_app;
