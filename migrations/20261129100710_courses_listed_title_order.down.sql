-- no-transaction
DROP INDEX CONCURRENTLY courses_listed_title_order_idx;
