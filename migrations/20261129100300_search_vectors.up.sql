-- What courses are found by: their words, in every script and spelling, in a table of their own.
SET lock_timeout = '2s';

-- The languages that Postgres can stem, by the first part of their tags.
CREATE FUNCTION search_languages() RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN '{ar,ca,da,de,el,en,es,eu,fi,fr,ga,hi,hu,hy,id,it,lt,ne,nl,no,pt,ro,ru,sr,sv,ta,tr,yi}';
END $$;

-- Returns the characters of scripts that put no spaces between words (and of Korean, whose words take endings), for use
-- inside a bracket expression: Thai, Lao, Burmese, Hangul, Khmer, Tai, kana, bopomofo and Han.
CREATE FUNCTION search_unspaced() RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN '\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aad\u3005-\u3007\u3021-\u3029\u3031-\u3035'
    '\u3040-\u30ff\u3100-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaadf\uac00-\ud7ff'
    '\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff';
END $$;

-- Returns what separates words, for use inside a bracket expression: spaces, punctuation and symbols, by code point, so that
-- every locale sees the same words.
CREATE FUNCTION search_separators() RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN '\u0001-/:-@\u005b-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u02c2-\u02df\u055a-\u055f\u0589\u058a'
    '\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u060c\u061b\u061e\u061f\u066a-\u066d\u06d4\u0700-\u070d\u0964\u0965\u0970\u0e2f'
    '\u0e4f\u0e5a\u0e5b\u0f04-\u0f14\u104a-\u104f\u10fb\u1361-\u1368\u17d4-\u17da\u1800-\u180a\u2000-\u2070\u207a-\u207f'
    '\u208a-\u208f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2fff\u3000-\u3004\u3008-\u3020\u3030\u303d\u30a0\u30fb'
    '\ufe10-\ufe1f\ufe30-\ufe6f\U0001f000-\U0001faff';
END $$;

-- Returns the words of a folded or lower-case text, with spaces between them. Runs of an unspaced script stay whole.
-- C++, C# and .NET keep what tells them apart.
CREATE FUNCTION search_words(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x text COLLATE "C" := words;
BEGIN
  IF x ~ '[a-z0-9](\+\+|#)|\.net' THEN
    x := regexp_replace(x, '([a-z0-9])\+\+(?![a-z0-9+])', '\1plusplus ', 'g');
    x := regexp_replace(x, '([a-z])#(?![a-z0-9#])', '\1sharp ', 'g');
    x := regexp_replace(x, '\.net(?![a-z0-9])', ' dotnet net ', 'g');
  END IF;
  IF octet_length(x) = length(x) THEN
    RETURN btrim(regexp_replace(x, '[^a-z0-9]+', ' ', 'g'));
  END IF;
  RETURN btrim(regexp_replace(x, '[' || search_separators() || ']+', ' ', 'g'));
END $$;

-- Returns the compounds of a folded or lower-case text written as one word, with a space between each two: `email tcpip`
-- for "E-mail over TCP/IP". NULL when there are none.
CREATE FUNCTION search_compounds(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x text COLLATE "C" := words;
  sign text := '[-./''’&·]';
  word text := CASE WHEN octet_length(x) = length(x) THEN '[a-z0-9]' ELSE '[^' || search_separators() || ']' END;
BEGIN
  IF x !~ '\S[-./''’&·]\S' THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT string_agg(regexp_replace(compound[1], sign, '', 'g'), ' ')
    FROM regexp_matches(x, '((?:' || word || '+' || sign || ')+' || word || '+)', 'g') AS compound
    WHERE length(compound[1]) <= 50);
END $$;

-- Returns the language of a course as the index names it: the first part of its tag, where Postgres can stem it, else NULL.
CREATE FUNCTION search_language(language text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  part text := lower(split_part(language, '-', 1));
BEGIN
  RETURN CASE WHEN part IN ('nb', 'nn') THEN 'no' WHEN part = ANY (search_languages()) THEN part END;
END $$;

-- Returns the text as written but for case and compatibility forms, with its accents: what exact spellings are compared by.
CREATE FUNCTION search_spelling(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF octet_length(words) = length(words) THEN
    RETURN lower(words COLLATE "C");
  END IF;
  RETURN regexp_replace(lower(normalize(words, NFKC) COLLATE "und-x-icu"),
    '[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+', '', 'g');
END $$;

-- Puts the prefix before each lexeme of a tsvector in text.
CREATE FUNCTION search_marked(prefix text, lexemes tsvector) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN replace(' ' || lexemes::text, ' ''', ' ''' || prefix);
END $$;

-- Returns each character of an unspaced script, and each with the next one, with its position among the words and characters,
-- as a tsvector in text.
CREATE FUNCTION search_pairs(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT string_agg(format('''%s'':%s', unit, position)
    || CASE WHEN next ~ ('^[' || search_unspaced() || ']') THEN format(' ''%s%s'':%s', unit, next, position) ELSE '' END, ' ')
  FROM (
    SELECT unit, lead(unit) OVER (ORDER BY n) AS next,
      least(count(*) FILTER (WHERE unit <> ' ') OVER (ORDER BY n), 16383) AS position
    FROM regexp_matches(words, '[' || search_unspaced() || ']| |[^ ' || search_unspaced() || ']+', 'g')
      WITH ORDINALITY AS matches (match, n), LATERAL (SELECT match[1] AS unit) AS units
  ) AS units
  WHERE unit ~ ('^[' || search_unspaced() || ']');
END;

-- Returns what a text is found by, as lexemes of these kinds:
--   élève      a word as it is written, in small letters
--   ~eleve     the same folded, where that is another
--   fr:elev    its stem in the language, folded
--   课程, 程    two neighbours and one character of an unspaced script
-- All of a word have its position.
CREATE FUNCTION search_vector(language text, words text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  folding text COLLATE "C" := folded(words);
  spelling text COLLATE "C"; -- NULL where it is the folding
  unspaced text;
  pairs text;
  gaps text[] := '{}'; -- what keeps the positions of unspaced characters, which not every locale takes for letters
  plain tsvector;
  lexemes text;
BEGIN
  folding := concat_ws(' ', search_words(folding), search_compounds(folding));
  IF octet_length(words) > length(words) THEN -- not ASCII
    spelling := search_spelling(words);
    spelling := concat_ws(' ', search_words(spelling), search_compounds(spelling));
    unspaced := '[' || search_unspaced() || ']';
    IF folding ~ unspaced THEN
      pairs := search_pairs(folding);
      gaps := '{gap0gap}';
      folding := regexp_replace(folding, unspaced, ' gap0gap ', 'g');
      spelling := regexp_replace(spelling, unspaced, ' gap0gap ', 'g');
    END IF;
    spelling := nullif(spelling, folding);
  END IF;
  IF octet_length(folding) > 2000 THEN
    -- A lexeme has up to 2,046 bytes.
    folding := regexp_replace(folding, '[^ ]{255,}', ' ', 'g');
    spelling := regexp_replace(spelling, '[^ ]{255,}', ' ', 'g');
  END IF;
  plain := ts_delete(to_tsvector('pg_catalog.simple', coalesce(spelling, folding)), gaps);
  lexemes := concat_ws(' ', plain::text, pairs);
  IF language IS NOT NULL THEN
    lexemes := lexemes || search_marked(language || ':', ts_delete(to_tsvector(search_config(language), folding), gaps));
  END IF;
  IF spelling IS NOT NULL THEN
    lexemes := lexemes || search_marked('~',
      ts_delete(to_tsvector('pg_catalog.simple', folding), gaps || tsvector_to_array(plain)));
    IF language IS NOT NULL THEN
      lexemes := lexemes
        || folded(search_marked(language || ':', ts_delete(to_tsvector(search_config(language), spelling), gaps)));
    END IF;
  END IF;
  RETURN lexemes::tsvector;
END $$;

-- Returns what a course is found by, from what its title is found by: the title weighs more than the tags, and they more than
-- the description. A lexeme without a word (`fr:`) names the language, so that a search need not have the words that the
-- language leaves out.
CREATE FUNCTION course_vector(language text, title tsvector, tags jsonb, description text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  vector tsvector := setweight(title, 'A');
BEGIN
  IF tags <> '[]' THEN
    vector := vector || setweight(search_vector(language,
      (SELECT string_agg(tag, ' , ') FROM jsonb_array_elements_text(tags) AS tag)), 'B');
  END IF;
  vector := vector || setweight(search_vector(language, description), 'C');
  IF language IS NOT NULL THEN
    vector := vector || array_to_tsvector(ARRAY[language || ':']);
  END IF;
  RETURN vector;
END $$;
