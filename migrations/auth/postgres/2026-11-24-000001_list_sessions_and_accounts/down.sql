ALTER TABLE accounts
    DROP CONSTRAINT accounts_user_id_provider_id_account_id_key,
    ADD CONSTRAINT accounts_user_id_provider_id_key UNIQUE (user_id, provider_id),
    DROP COLUMN account_id;
DROP INDEX sessions_expires_at_idx;
ALTER TABLE sessions DROP COLUMN sealed_token;
