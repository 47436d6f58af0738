-- The language of a course is a canonical BCP 47 tag: en, pt-BR, zh-Hant-TW.
SET lock_timeout = '2s';

UPDATE courses SET language = lower(split_part(language, '-', 1)) || CASE
    WHEN language ~* '-[a-z]{2}$' THEN upper(substr(language, strpos(language, '-')))
    WHEN language ~* '-[a-z]{4}$' THEN '-' || initcap(split_part(language, '-', 2))
    WHEN language ~* '-([0-9]{3}|[0-9a-z]{5,6}|[0-9][0-9a-z]{3})$' THEN lower(substr(language, strpos(language, '-')))
    ELSE '' -- no part that BCP 47 knows
  END
WHERE language !~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([0-9a-z]{5,8}|[0-9][0-9a-z]{3}))*$';

ALTER TABLE courses ADD CONSTRAINT courses_language_check
  CHECK (language ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([0-9a-z]{5,8}|[0-9][0-9a-z]{3}))*$') NOT VALID;
