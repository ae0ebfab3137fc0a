-- The client was last enabled at this time. Tokens from before are revoked.
ALTER TABLE oauth_clients ADD COLUMN tokens_valid_from text;
