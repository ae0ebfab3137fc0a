-- NULL: the key never expires.
ALTER TABLE signing_keys ADD COLUMN expires_at text;
