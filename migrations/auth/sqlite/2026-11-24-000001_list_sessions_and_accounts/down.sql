CREATE TABLE old_accounts (
    id text NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT accounts_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    provider_id text NOT NULL,
    password_hash text,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    CONSTRAINT accounts_user_id_provider_id_key UNIQUE (user_id, provider_id)
);
INSERT INTO old_accounts (id, user_id, provider_id, password_hash, created_at, updated_at)
SELECT id, user_id, provider_id, password_hash, created_at, updated_at FROM accounts;
DROP TABLE accounts;
ALTER TABLE old_accounts RENAME TO accounts;

DROP INDEX sessions_expires_at_idx;
ALTER TABLE sessions DROP COLUMN sealed_token;
