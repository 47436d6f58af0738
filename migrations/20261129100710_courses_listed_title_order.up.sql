-- no-transaction
-- The public list by title.
CREATE INDEX CONCURRENTLY courses_listed_title_order_idx ON courses (title COLLATE title_order, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
