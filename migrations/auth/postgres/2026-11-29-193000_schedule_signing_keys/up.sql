-- NULL: the key has signed since it was created.
ALTER TABLE signing_keys ADD COLUMN activates_at timestamptz;
-- NULL: the key was not revoked.
ALTER TABLE signing_keys ADD COLUMN revoked_at timestamptz;
-- An event about a key concerns no user.
ALTER TABLE security_events ALTER COLUMN user_id DROP NOT NULL;
-- The kid of a revoked key.
ALTER TABLE security_events ADD COLUMN key_id text;
