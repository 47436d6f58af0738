-- One folding of text, for everything that is found, compared or counted without regard to case and accents.
SET lock_timeout = '2s';

-- Returns the text without what spellings of the same word differ in: case, accents, compatibility forms (NFKC: ﬁ, Ａ, ①),
-- invisible characters, and special letters (ł, ø, đ, ß, æ, ı, ς). A run of white space becomes one space. The result is
-- the same in every locale, and folded(folded(x)) = folded(x).
--
-- It removes only marks that are accents: of Latin, Greek and Cyrillic letters, Hebrew points and Arabic harakat. Marks
-- that make another letter stay: vowel signs of Indic and Southeast Asian scripts, the voiced marks of kana (カ is not ガ),
-- and й, ї and ў.
--
-- In plpgsql, and of nothing but pg_catalog: so it is one cheap call, and indexes can use it under any search_path.
CREATE FUNCTION folded(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x text COLLATE "C";
BEGIN
  IF octet_length(words) = length(words) THEN -- ASCII
    RETURN regexp_replace(lower(words COLLATE "C"), '\s{2,}|[\t-\r]', ' ', 'g');
  END IF;
  -- Decomposed, İ is an I with a dot, and lower-cases to i with a dot.
  x := lower(normalize(words, NFKD) COLLATE "und-x-icu");
  x := replace(replace(replace(x, U&'\0438\0306', 'й'), U&'\0456\0308', 'ї'), U&'\0443\0306', 'ў');
  x := regexp_replace(x, '['
    -- Accents: combining marks of all alphabets, Hebrew points, Arabic harakat and the tatweel.
    '\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670'
    '\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f'
    -- Characters that are not seen: soft hyphens, joiners, marks of direction, fillers, variation selectors, tags.
    '\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\ufe00-\ufe0f'
    '\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]+', '', 'g');
  x := translate(x,
    'ςðøđħıĸłŋŧƀƈƒƙƥƴƶǥȼɇɉɍɏɓɔɖɗəɛɠɡɣɨɩɲɵʉʊʋىیک‘’‚‛′ʹʻʼʽˈ“”„‟″‐‑‒–—―−',
    'σdodhiqlntbcfkpyzgcejryboddeegggiinouuvييك''''''''''''''''''''"""""-------');
  x := replace(replace(replace(replace(x, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
  RETURN regexp_replace(normalize(x, NFC), '\s+', ' ', 'g');
END $$;

-- Returns the pattern of a LIKE that finds the words anywhere in a folded text: `folded(name) LIKE folded_pattern('josé')`.
-- NULL when nothing visible is left of the words, so that they find nothing.
CREATE FUNCTION folded_pattern(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '%' || regexp_replace(nullif(btrim(folded(words)), ''), '([\\%_])', '\\\1', 'g') || '%';
