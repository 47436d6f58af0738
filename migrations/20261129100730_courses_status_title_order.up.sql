-- no-transaction
-- The lists of staff, who name a status, by title.
CREATE INDEX CONCURRENTLY courses_status_title_order_idx ON courses (status, title COLLATE title_order, id);
