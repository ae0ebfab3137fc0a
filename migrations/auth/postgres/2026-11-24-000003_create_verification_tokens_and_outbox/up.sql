-- Tokens of links in e-mails. Only their hashes are stored.
CREATE TABLE verification_tokens (
    token_hash bytea NOT NULL CONSTRAINT verification_tokens_pkey PRIMARY KEY,
    purpose text NOT NULL,
    user_id text NOT NULL CONSTRAINT verification_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX verification_tokens_user_id_idx ON verification_tokens (user_id);
CREATE INDEX verification_tokens_expires_at_idx ON verification_tokens (expires_at);

-- The outbox: e-mails that have not been sent yet. A row describes the request; links are created
-- when the e-mail is sent.
CREATE TABLE mails (
    id text NOT NULL CONSTRAINT mails_pkey PRIMARY KEY,
    kind text NOT NULL,
    -- The user who requested the e-mail, if known. When the e-mail is sent, the address may belong
    -- to another user.
    user_id text CONSTRAINT mails_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    email text NOT NULL,
    new_email text,
    callback_url text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mails_user_id_idx ON mails (user_id);
CREATE INDEX mails_due_at_idx ON mails (due_at);
