-- no-transaction
-- The primary key has the same order; and with `course_count` in its condition, each change of a count touched all indexes.
DROP INDEX CONCURRENTLY tag_counts_order_idx;
