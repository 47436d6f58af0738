SET lock_timeout = '2s';

DROP FUNCTION search_query(text, text[], text);
DROP FUNCTION search_term(text, boolean, text[], text);
DROP FUNCTION search_alternatives(text, text, text[]);
