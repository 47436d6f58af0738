-- What somebody types in a search, as queries of the lexemes that `search_vector` makes.
SET lock_timeout = '2s';

-- Returns the lexemes that a folded word is found by in these languages, as alternatives of a tsquery in text.
CREATE FUNCTION search_alternatives(folding text, spelling text, languages text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  stems text := (
    SELECT string_agg(DISTINCT '''' || language || ':' || stem || '''', '|')
    FROM unnest(languages) AS language,
      unnest(CASE WHEN spelling = folding THEN ARRAY[folding] ELSE ARRAY[folding, spelling] END) AS word,
      unnest(tsvector_to_array(to_tsvector(search_config(language), word))) AS unfolded,
      folded(unfolded) AS stem);
BEGIN
  RETURN '(' || concat_ws('|', '''' || folding || '''', '''~' || folding || '''', stems) || ')';
END $$;

-- Returns one word or one quoted phrase of a search, as a tsquery in text; NULL when it has no letters. In quotes, words are
-- found as they are written but for case and accents, one after the other.
CREATE FUNCTION search_term(term text, quoted boolean, languages text[], mode text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  folding text COLLATE "C" := folded(term);
  spelling text COLLATE "C" := search_spelling(term);
  unspaced text COLLATE "C" := '[' || search_unspaced() || ']';
  units text := unspaced || '+|[^ ' || search_unspaced() || ']+';
  foldings text[] := ARRAY(SELECT match[1] FROM regexp_matches(search_words(folding), units, 'g') AS match);
  spellings text[] := ARRAY(SELECT match[1] FROM regexp_matches(search_words(spelling), units, 'g') AS match);
  compound text := CASE WHEN NOT quoted THEN search_compounds(CASE mode WHEN 'spelling' THEN spelling ELSE folding END) END;
  in_order boolean := mode IN ('whole', 'rank') AND quoted;
  parts text;
  part text;
  distance integer := 1;
BEGIN
  FOR place IN 1 .. least(cardinality(foldings), 8) LOOP
    IF foldings[place] ~ unspaced THEN
      -- An index finds all pairs of characters; that they follow each other is asked of what it found.
      part := CASE WHEN length(foldings[place]) = 1 THEN '''' || foldings[place] || ''''
        ELSE (SELECT '(' || string_agg('''' || substr(foldings[place], at, 2) || '''',
            CASE WHEN mode IN ('whole', 'rank') THEN '<->' ELSE '&' END ORDER BY at) || ')'
          FROM generate_series(1, length(foldings[place]) - 1) AS at) END;
    ELSIF mode = 'spelling' THEN
      part := '''' || coalesce(spellings[place], foldings[place]) || '''';
    ELSE
      part := search_alternatives(foldings[place], coalesce(spellings[place], foldings[place]),
        CASE WHEN quoted THEN '{}' ELSE languages END);
    END IF;
    parts := concat_ws(CASE WHEN in_order THEN '<' || distance || '>' ELSE '&' END, parts, part);
    distance := CASE WHEN foldings[place] ~ unspaced AND length(foldings[place]) > 1 THEN 2 ELSE 1 END;
  END LOOP;
  IF compound ~ '^[^ ]+$' THEN
    parts := '(' || parts || ')|''' || compound || '''|''~' || compound || '''';
  END IF;
  RETURN '(' || parts || ')';
END $$;

-- Returns the query of a search: words, "words in this order", words `or` others, -without some. The first eight words count.
-- NULL when it asks for no word. A word that the language of a course leaves out need not be there, unless the search has no
-- other words. By mode:
--   index      finds, in these languages at once, all that fits, and more where the order of words matters: an index answers
--              it without looking at courses
--   whole      finds what fits
--   rank       what ranks a course of the one language, or of none
--   spelling   any of the words, just as they are written
CREATE FUNCTION search_query(words text, languages text[], mode text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  found record;
  term text;
  counted integer := 0;
  groups text[] := '{}';
  terms text[] := '{}';
  without text[] := '{}';
  left_out text[] := '{}'; -- of each term: the languages that leave it out
  speaking text[] := '{}'; -- the languages that don't leave out all terms
  silent text[];
BEGIN
  languages := array_remove(languages, NULL);
  FOR found IN
    SELECT match[1] = '-' AS is_without, coalesce(match[2], match[3]) AS text, match[2] IS NOT NULL AS is_quoted
    FROM regexp_matches(words, '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') AS match
    UNION ALL SELECT false, NULL, false
  LOOP
    IF found.text IS NULL OR (lower(found.text) = 'or' AND NOT found.is_quoted AND NOT found.is_without) THEN
      IF terms <> '{}' THEN
        FOR place IN 1 .. cardinality(terms) LOOP
          silent := ARRAY(SELECT unnest(string_to_array(left_out[place], ' ')) INTERSECT SELECT unnest(speaking));
          IF silent <> '{}' THEN
            terms[place] := CASE WHEN mode <> 'rank' THEN
              '(' || terms[place] || '|''' || array_to_string(silent, ':''|''') || ':'')' END;
          END IF;
        END LOOP;
        term := '(' || array_to_string(array_remove(terms, NULL) || without, CASE mode WHEN 'spelling' THEN '|' ELSE '&' END) || ')';
        groups := array_remove(groups, term) || term;
      END IF;
      terms := '{}'; without := '{}'; left_out := '{}'; speaking := '{}';
      CONTINUE;
    END IF;
    CONTINUE WHEN counted >= 8;
    term := search_term(found.text, found.is_quoted, languages, mode);
    CONTINUE WHEN term IS NULL OR term = ANY (terms);
    counted := counted + array_length(string_to_array(search_words(folded(found.text)), ' '), 1);
    IF NOT found.is_without THEN
      silent := CASE WHEN found.is_quoted OR mode = 'spelling' THEN '{}' ELSE ARRAY(SELECT language FROM unnest(languages) AS language
        WHERE length(to_tsvector(search_config(language), search_words(search_spelling(found.text)))) = 0) END;
      terms := terms || term;
      left_out := left_out || array_to_string(silent, ' ');
      speaking := speaking || ARRAY(SELECT unnest(languages) EXCEPT SELECT unnest(silent));
    ELSIF mode IN ('whole', 'rank') OR (mode = 'index' AND NOT found.is_quoted AND found.text !~ ('[' || search_unspaced() || ']')) THEN
      -- (An index takes what follows each other for what is both there, which must not be left out.)
      without := without || ('!' || term);
    END IF;
  END LOOP;
  RETURN nullif(array_to_string(groups, '|'), '')::tsquery;
END $$;
