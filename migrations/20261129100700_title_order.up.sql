-- The order of titles: that of a dictionary, in every script and whatever the locale of the database is (ICU's root order),
-- with numbers by their value: apple, Äpfel, Lesson 2, Lesson 10, Zebra. It tells all titles that differ apart, so that a page
-- can begin behind a title and an id.
SET lock_timeout = '2s';

CREATE COLLATION title_order (provider = icu, locale = 'und-u-kn-true');
