SET lock_timeout = '2s';

DROP TRIGGER courses_indexed_on_update ON courses;
DROP TRIGGER courses_indexed_on_insert ON courses;
DROP FUNCTION search_matches(tsquery, boolean, boolean, bigint);
DROP FUNCTION spoken_languages();
DROP FUNCTION index_changed_course();
DROP FUNCTION index_new_courses();
DROP TABLE course_search;

-- The search before.
-- What `search_config` can give.
CREATE FUNCTION search_configs() RETURNS regconfig[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{simple,arabic,armenian,basque,catalan,danish,dutch,english,finnish,french,german,greek,hindi,hungarian,indonesian,irish,italian,lithuanian,nepali,norwegian,portuguese,romanian,russian,serbian,spanish,swedish,tamil,turkish,yiddish}'::regconfig[];

-- The words of a course: as its language inflects them, and as they are written, so that stop words and names are
-- found, too. Titles weigh more than tags, and tags more than descriptions.
CREATE FUNCTION course_words(language text, title text, tags jsonb, description text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector(search_config(language), title) || to_tsvector('pg_catalog.simple', title), 'A')
  || setweight(jsonb_to_tsvector(search_config(language), tags, '["string"]')
    || jsonb_to_tsvector('pg_catalog.simple', tags, '["string"]'), 'B')
  || setweight(to_tsvector(search_config(language), left(description, 100000))
    || to_tsvector('pg_catalog.simple', left(description, 100000)), 'C');

-- What somebody searches for, in the language of a course; words that the language leaves out are taken as written.
-- The planner is told that it takes time: better to find the words first, and ask it of what was found.
CREATE FUNCTION course_query(language text, words text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 500 AS $$
BEGIN
  IF length(to_tsvector(search_config(language), words)) = 0 THEN
    RETURN websearch_to_tsquery('pg_catalog.simple', words);
  END IF;
  RETURN websearch_to_tsquery(search_config(language), words);
END $$;

-- The same in all languages at once: whatever `course_query` finds, this finds, and an index answers it. NULL when
-- there are no words at all.
CREATE FUNCTION any_language_query(words text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN words ~ '[^[:punct:][:space:]]' THEN (
  SELECT string_agg(DISTINCT '(' || websearch_to_tsquery(config, words)::text || ')', ' | ')::tsquery
  FROM unnest(search_configs()) AS config
  -- Only asked for words that the language has: of no words it makes a notice each time.
  WHERE numnode(CASE WHEN length(to_tsvector(config, words)) > 0 THEN websearch_to_tsquery(config, words) END) > 0
) END;

-- As `set_version`, without writing a long row out twice: `search` is generated after this trigger.
CREATE OR REPLACE FUNCTION set_course_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shown courses := NEW;
BEGIN
  shown.search := OLD.search;
  IF shown IS DISTINCT FROM OLD THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$;

ALTER TABLE courses ADD COLUMN search TSVECTOR NOT NULL
  GENERATED ALWAYS AS (course_words(language, title, tags, description)) STORED;
CREATE INDEX courses_search_idx ON courses USING gin (search);
-- Finds those first that have the words in their titles, where there are more than can be ranked.
CREATE INDEX courses_search_title_idx ON courses USING gin (course_words(language, title, '[]', ''));

CREATE TABLE search_words (word VARCHAR(50) PRIMARY KEY);
CREATE INDEX search_words_similar_idx ON search_words USING gin (word gin_trgm_ops);

CREATE FUNCTION gather_words_of_new_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In order, so that two at once don't wait for each other.
  INSERT INTO search_words SELECT DISTINCT word FROM added, unnest(tsvector_to_array(search)) AS word
  WHERE length(word) BETWEEN 3 AND 50 ORDER BY word ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_words_on_insert AFTER INSERT ON courses
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gather_words_of_new_courses();

CREATE FUNCTION gather_words_of_changed_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO search_words
  SELECT word FROM (
    SELECT unnest(tsvector_to_array(NEW.search)) AS word EXCEPT SELECT unnest(tsvector_to_array(OLD.search))
  ) AS new_words
  WHERE length(word) BETWEEN 3 AND 50 ORDER BY word ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER courses_words_on_update AFTER UPDATE ON courses
  FOR EACH ROW WHEN (OLD.search IS DISTINCT FROM NEW.search) EXECUTE FUNCTION gather_words_of_changed_course();

INSERT INTO search_words SELECT DISTINCT word FROM courses, unnest(tsvector_to_array(search)) AS word
WHERE length(word) BETWEEN 3 AND 50;

-- Whether somebody may have typed `typed` for `word`: one letter wrong, missing or too many, two in a long word, two
-- swapped, or an ending that differs.
CREATE FUNCTION may_be_meant(word text, typed text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN similarity(word, typed) >= 0.5
  OR (length(typed) >= 4 AND levenshtein_less_equal(word, typed, 1) <= 1)
  OR (length(typed) >= 8 AND levenshtein_less_equal(word, typed, 2) <= 2)
  OR (length(word) = length(typed) AND levenshtein_less_equal(word, typed, 2) <= 2
    AND (SELECT string_agg(letter, '' ORDER BY letter) FROM regexp_split_to_table(word, '') AS letter)
      = (SELECT string_agg(letter, '' ORDER BY letter) FROM regexp_split_to_table(typed, '') AS letter));

-- What misspelt words may have meant, as a tsquery in text: for each word, those that begin with it and those that
-- are like it; words that some language leaves out are left out. NULL when nothing is left, and when words are
-- excluded or quoted: who writes so means it.
CREATE FUNCTION corrected_query(words text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
SET pg_trgm.similarity_threshold = 0.1
BEGIN ATOMIC
  SELECT string_agg('(' || meant.alternatives || ')', ' & ')
  FROM (
    SELECT DISTINCT left(lexeme, 50) AS word FROM unnest(to_tsvector('pg_catalog.simple', words))
    WHERE words !~ '(^|\s)-\S|"'
      AND NOT EXISTS (SELECT FROM unnest(search_configs()) AS config WHERE length(to_tsvector(config, lexeme)) = 0)
    ORDER BY word LIMIT 8
  ) AS typed
  CROSS JOIN LATERAL (
    SELECT string_agg(quoted, ' | ') AS alternatives FROM (
      SELECT '''' || replace(replace(typed.word, '\', '\\'), '''', '''''') || ''''
        || CASE WHEN length(typed.word) >= 3 THEN ':*' ELSE '' END AS quoted
      UNION ALL
      (SELECT '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''''
       FROM search_words WHERE length(typed.word) >= 3 AND word % typed.word AND may_be_meant(word, typed.word)
       ORDER BY similarity(word, typed.word) DESC, word LIMIT 100)
    ) AS each
  ) AS meant;
END;

GRANT SELECT, INSERT ON search_words TO lyceum_app;
