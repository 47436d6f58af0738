-- no-transaction
DROP INDEX CONCURRENTLY roles_name_folded_key;
