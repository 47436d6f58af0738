-- Effects outside the database, as rows of the transaction that causes them. A row names a purpose
-- and a user and holds no secret.
SET lock_timeout = '2s';

CREATE TABLE outbox (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  purpose VARCHAR(50) NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  due_at TIMESTAMPTZ NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  delivered_at TIMESTAMPTZ,
  dead_at TIMESTAMPTZ, -- given up after five attempts, until an operator says otherwise
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due_idx ON outbox (due_at, id) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_user_id_idx ON outbox (user_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO lyceum_app;
