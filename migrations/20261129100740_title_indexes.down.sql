SET lock_timeout = '2s';

ALTER TABLE courses RESET (fillfactor);
CREATE INDEX courses_listed_title_idx ON courses (lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_listed_category_title_idx ON courses (category_id, lower(title), id)
  WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL;
CREATE INDEX courses_status_title_idx ON courses (status, lower(title), id);
