CREATE TABLE users (
    id text NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL CONSTRAINT users_email_key UNIQUE CONSTRAINT users_email_lower CHECK (email = lower(email)),
    email_verified boolean NOT NULL,
    image text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE accounts (
    id text NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT accounts_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    provider_id text NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT accounts_user_id_provider_id_key UNIQUE (user_id, provider_id)
);

CREATE TABLE sessions (
    id text NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    token_hash bytea NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
    user_id text NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ip_address text NOT NULL,
    user_agent text NOT NULL
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
