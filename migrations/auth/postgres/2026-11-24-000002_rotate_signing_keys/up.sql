-- Time at which the key stops signing; NULL for no limit.
ALTER TABLE signing_keys ADD COLUMN expires_at timestamptz;
