-- Sessions are listed with their tokens, which are stored encrypted. The tokens of existing
-- sessions are unknown, so these sessions end.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN sealed_token bytea NOT NULL;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

ALTER TABLE accounts ADD COLUMN account_id text;
UPDATE accounts SET account_id = user_id;
ALTER TABLE accounts
    ALTER COLUMN account_id SET NOT NULL,
    DROP CONSTRAINT accounts_user_id_provider_id_key,
    ADD CONSTRAINT accounts_user_id_provider_id_account_id_key UNIQUE (user_id, provider_id, account_id);
