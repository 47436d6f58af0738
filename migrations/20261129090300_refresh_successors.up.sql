-- A spent refresh token gives the same successor again for a minute (docs/semantics.md, Accounts).
SET lock_timeout = '2s';

-- The token that it gave, encrypted under a key that only the spent token gives. Cleared once the successor is used.
ALTER TABLE refresh_tokens ADD COLUMN sealed_successor BYTEA;
