-- Work that happens after the transaction that causes it (docs/semantics.md, Jobs).
SET lock_timeout = '2s';

-- Returns a UUID version 7 of this instant (RFC 9562, section 5.7), for rows that triggers insert.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

CREATE TABLE jobs (
  id UUID PRIMARY KEY DEFAULT uuid_v7(),
  kind VARCHAR(50) NOT NULL,
  payload JSONB NOT NULL DEFAULT '{}', -- holds no secrets
  due_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  attempts INTEGER NOT NULL DEFAULT 0, -- how many were started
  lease UUID, -- the run that works on it; a run without the lease can't end the job
  leased_until TIMESTAMPTZ, -- from then on another run may take it
  last_error TEXT,
  done_at TIMESTAMPTZ,
  dead_at TIMESTAMPTZ, -- given up after five attempts, until it is redriven
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CHECK ((lease IS NULL) = (leased_until IS NULL))
) WITH (
  fillfactor = 70, -- taking a job touches no index
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000 -- most rows live for seconds
);
CREATE INDEX jobs_due_idx ON jobs (kind, due_at, id) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX jobs_dead_idx ON jobs (kind) WHERE dead_at IS NOT NULL;

-- Inserts a job that is due at once and has no payload, one in each transaction. The transaction's setting `lyceum.jobs` lists the
-- kinds: the application reads it with its last statement, and wakes the functions that run them.
CREATE FUNCTION request_job(wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  requested text := current_setting('lyceum.jobs', true);
BEGIN
  IF wanted = ANY (string_to_array(requested, ',')) THEN
    RETURN;
  END IF;
  INSERT INTO jobs (kind, due_at) VALUES (wanted, 'epoch'); -- due by any clock
  PERFORM set_config('lyceum.jobs', concat_ws(',', nullif(requested, ''), wanted), true);
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO lyceum_app;
