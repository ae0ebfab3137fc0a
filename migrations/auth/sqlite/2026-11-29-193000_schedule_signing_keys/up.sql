-- Time at which the key starts to sign; NULL for the time of its creation.
ALTER TABLE signing_keys ADD COLUMN activates_at text;
-- NULL if the key is not revoked.
ALTER TABLE signing_keys ADD COLUMN revoked_at text;

-- An event about a key has no user. SQLite cannot drop NOT NULL from a column, so the table is
-- created anew.
CREATE TABLE new_security_events (
    place integer NOT NULL CONSTRAINT security_events_pkey PRIMARY KEY,
    kind text NOT NULL,
    user_id text,
    session_id text,
    created_at text NOT NULL,
    -- Time from which no token that the event concerns is valid.
    tokens_expire_by text NOT NULL,
    -- The jti of a single revoked token.
    token_id text,
    -- The kid of a revoked key.
    key_id text
);
INSERT INTO new_security_events (place, kind, user_id, session_id, created_at, tokens_expire_by, token_id)
    SELECT place, kind, user_id, session_id, created_at, tokens_expire_by, token_id FROM security_events;
DROP TABLE security_events;
ALTER TABLE new_security_events RENAME TO security_events;
CREATE INDEX security_events_tokens_expire_by_idx ON security_events (tokens_expire_by);
CREATE INDEX security_events_token_id_idx ON security_events (token_id) WHERE token_id IS NOT NULL;
