-- no-transaction
-- Roles whose names differ in case, accents or normal form alone would be taken for each other.
CREATE UNIQUE INDEX CONCURRENTLY roles_name_folded_key ON roles (folded(name));
