SET lock_timeout = '2s';

DROP INDEX uploads_uploaded_by_idx;
