-- Time at which the key starts to sign; NULL for the time of its creation.
ALTER TABLE signing_keys ADD COLUMN activates_at timestamptz;
-- NULL if the key is not revoked.
ALTER TABLE signing_keys ADD COLUMN revoked_at timestamptz;
-- An event about a key has no user.
ALTER TABLE security_events ALTER COLUMN user_id DROP NOT NULL;
-- The kid of a revoked key.
ALTER TABLE security_events ADD COLUMN key_id text;
