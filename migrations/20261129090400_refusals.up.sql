-- Refused calls, counted for each caller, route and hour: the audit log gets a row of the first, the second, the fourth,
-- the eighth and so on (docs/semantics.md, Accounts).
SET lock_timeout = '2s';

CREATE TABLE refusals (
  caller VARCHAR(64) NOT NULL, -- a user's id; of an anonymous caller the network address
  route VARCHAR(255) NOT NULL,
  hour TIMESTAMPTZ NOT NULL,
  refused INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (caller, route, hour)
);
CREATE INDEX refusals_hour_idx ON refusals (hour);

GRANT SELECT, INSERT, UPDATE, DELETE ON refusals TO lyceum_app;
