SET lock_timeout = '2s';

DROP INDEX courses_listed_category_title_idx, courses_listed_category_price_idx;
