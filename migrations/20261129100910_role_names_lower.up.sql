-- roles_name_folded_key takes the place of roles_name_lower_key.
SET lock_timeout = '2s';

DROP INDEX roles_name_lower_key;
-- Something of a name can be seen.
ALTER TABLE roles ADD CONSTRAINT roles_name_check CHECK (btrim(folded(name)) <> '') NOT VALID;
