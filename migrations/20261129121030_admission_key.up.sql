-- The lock on the admission of learners (docs/locks.md).
SET lock_timeout = '2s';

-- Returns the key of the advisory lock on the admission of the course. Calls that enrol learners or complete lessons hold it
-- together; an edit that changes whether they may holds it alone.
CREATE FUNCTION admission_key(course uuid) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hashtextextended(course::text, 0);
