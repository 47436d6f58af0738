-- no-transaction
-- The public list of a category by title.
CREATE INDEX CONCURRENTLY courses_listed_category_title_order_idx ON courses (category_id, title COLLATE title_order, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
