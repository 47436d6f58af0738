SET lock_timeout = '2s';

DROP COLLATION title_order;
