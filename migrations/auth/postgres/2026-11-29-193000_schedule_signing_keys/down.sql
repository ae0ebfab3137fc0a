DELETE FROM security_events WHERE user_id IS NULL;
ALTER TABLE security_events DROP COLUMN key_id;
ALTER TABLE security_events ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE signing_keys DROP COLUMN revoked_at;
ALTER TABLE signing_keys DROP COLUMN activates_at;
