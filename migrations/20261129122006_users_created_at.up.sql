-- no-transaction
-- users_open_idx and users_closed_idx take its place.
DROP INDEX CONCURRENTLY users_created_at_idx;
