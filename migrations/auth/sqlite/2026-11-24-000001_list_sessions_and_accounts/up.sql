-- Sessions are listed with their tokens, which are stored encrypted. The tokens of existing
-- sessions are unknown, so these sessions end.
DROP TABLE sessions;
CREATE TABLE sessions (
    id text NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    token_hash blob NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
    sealed_token blob NOT NULL,
    user_id text NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    expires_at text NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    ip_address text NOT NULL,
    user_agent text NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE new_accounts (
    id text NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT accounts_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    provider_id text NOT NULL,
    account_id text NOT NULL,
    password_hash text,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    CONSTRAINT accounts_user_id_provider_id_account_id_key UNIQUE (user_id, provider_id, account_id)
);
INSERT INTO new_accounts (id, user_id, provider_id, account_id, password_hash, created_at, updated_at)
SELECT id, user_id, provider_id, user_id, password_hash, created_at, updated_at FROM accounts;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;
