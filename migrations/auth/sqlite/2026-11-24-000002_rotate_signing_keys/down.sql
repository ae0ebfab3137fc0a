ALTER TABLE signing_keys DROP COLUMN expires_at;
