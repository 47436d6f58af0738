-- Answers of calls that were named by an Idempotency-Key, so that the same call gets the same one again.
SET lock_timeout = '2s';

CREATE TABLE idempotency_keys (
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  route VARCHAR(255) NOT NULL, -- the path as the route writes it; only POST has keys
  key VARCHAR(255) NOT NULL,
  request BYTEA NOT NULL, -- SHA-256 of address and body
  status SMALLINT NOT NULL,
  headers JSONB NOT NULL,
  body BYTEA NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, route, key)
);
-- Serves the purge.
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO lyceum_app;
