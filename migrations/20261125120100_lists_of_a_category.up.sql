-- The public list of one category in every order: it is the commonest filter.
SET lock_timeout = '2s';

-- By title and by price; by newest there is courses_listed_category_idx.
CREATE INDEX courses_listed_category_title_idx ON courses (category_id, lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_category_price_idx ON courses (category_id, price, id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
