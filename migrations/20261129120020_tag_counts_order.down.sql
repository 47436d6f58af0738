-- no-transaction
CREATE INDEX CONCURRENTLY tag_counts_order_idx ON tag_counts (key) WHERE course_count > 0;
