-- A mail that its recipient's budget does not allow has a row like any other (docs/semantics.md, Mails).
SET lock_timeout = '2s';

ALTER TABLE outbox ADD COLUMN is_withheld BOOLEAN NOT NULL DEFAULT false;
