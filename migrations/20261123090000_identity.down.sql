SET lock_timeout = '2s';

DROP TABLE signing_keys, refresh_tokens, sessions, username_holds, password_reset_tokens, users, roles;
DROP FUNCTION set_updated_at();
REVOKE USAGE ON SCHEMA public FROM lyceum_app;
