-- Texts of one object that together would not fit an answer: descriptions in an outline, notes in an enrolment.
SET lock_timeout = '2s';

-- Returns the text, or its first 200 characters when the texts beside it have more than 300,000 in all.
CREATE FUNCTION shortened(whole text, total bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN total > 300000 AND length(whole) > 200 THEN left(whole, 200) || '…' ELSE whole END
$$;
