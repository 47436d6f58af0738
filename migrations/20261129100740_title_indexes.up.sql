-- The indexes on `title COLLATE title_order` take their place.
SET lock_timeout = '2s';

DROP INDEX courses_listed_title_idx, courses_listed_category_title_idx, courses_status_title_idx;

-- Room for the next version of a row on its page: an edit that changes no indexed column then touches no index.
ALTER TABLE courses SET (fillfactor = 85);
