-- no-transaction
DROP INDEX CONCURRENTLY courses_listed_category_title_order_idx;
