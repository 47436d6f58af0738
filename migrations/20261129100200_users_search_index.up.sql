-- users_folded_idx takes its place.
SET lock_timeout = '2s';

DROP INDEX users_search_idx;
