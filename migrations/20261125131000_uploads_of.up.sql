-- Serves the export of what is held about a person.
SET lock_timeout = '2s';

CREATE INDEX uploads_uploaded_by_idx ON uploads (uploaded_by);
