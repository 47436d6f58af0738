-- Ids that the database makes are version 7, as those that the application makes: new rows come last in their index.
SET lock_timeout = '2s';

-- Returns a UUID of version 7 (RFC 9562): milliseconds since 1970, then random bits.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(
  set_bit(set_bit( -- version 4 becomes 7
    overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid;

ALTER TABLE course_tags ALTER COLUMN id SET DEFAULT uuid_v7();
ALTER TABLE course_prerequisites ALTER COLUMN id SET DEFAULT uuid_v7();
ALTER TABLE password_reset_tokens ALTER COLUMN id SET DEFAULT uuid_v7();
