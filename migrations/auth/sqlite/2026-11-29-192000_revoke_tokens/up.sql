-- The jti of a single revoked token.
ALTER TABLE security_events ADD COLUMN token_id text;
CREATE INDEX security_events_token_id_idx ON security_events (token_id) WHERE token_id IS NOT NULL;
