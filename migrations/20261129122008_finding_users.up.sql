-- Find users by a part of their texts, through an index whatever the words are: the planner doesn't know how rare they are.
SET lock_timeout = '2s';

-- Returns the ids of up to `most` users whose name contains the words, without regard to case and accents.
CREATE FUNCTION users_named(words text, most bigint) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500 SET enable_seqscan = off AS $$
  SELECT id FROM users WHERE folded(first_name || ' ' || last_name) LIKE folded_pattern(words) LIMIT most
$$;

-- The same for the email, the username and the name.
CREATE FUNCTION users_with(words text, most bigint) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500 SET enable_seqscan = off AS $$
  SELECT id FROM users
  WHERE folded(email || ' ' || username || ' ' || first_name || ' ' || last_name) LIKE folded_pattern(words) LIMIT most
$$;
