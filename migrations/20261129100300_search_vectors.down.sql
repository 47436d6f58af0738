SET lock_timeout = '2s';

DROP FUNCTION course_vector(text, tsvector, jsonb, text);
DROP FUNCTION search_vector(text, text);
DROP FUNCTION search_pairs(text);
DROP FUNCTION search_marked(text, tsvector);
DROP FUNCTION search_spelling(text);
DROP FUNCTION search_language(text);
DROP FUNCTION search_compounds(text);
DROP FUNCTION search_words(text);
DROP FUNCTION search_separators();
DROP FUNCTION search_unspaced();
DROP FUNCTION search_languages();
