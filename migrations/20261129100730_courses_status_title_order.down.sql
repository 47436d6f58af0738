-- no-transaction
DROP INDEX CONCURRENTLY courses_status_title_order_idx;
