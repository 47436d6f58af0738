SET lock_timeout = '2s';

DROP FUNCTION empty_default_audit_partition();
