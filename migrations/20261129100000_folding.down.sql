SET lock_timeout = '2s';

DROP FUNCTION folded_pattern(text);
DROP FUNCTION folded(text);
