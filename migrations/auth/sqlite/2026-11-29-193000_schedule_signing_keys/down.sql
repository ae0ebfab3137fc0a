CREATE TABLE old_security_events (
    place integer NOT NULL CONSTRAINT security_events_pkey PRIMARY KEY,
    kind text NOT NULL,
    user_id text NOT NULL,
    session_id text,
    created_at text NOT NULL,
    tokens_expire_by text NOT NULL,
    token_id text
);
INSERT INTO old_security_events
    SELECT place, kind, user_id, session_id, created_at, tokens_expire_by, token_id FROM security_events
    WHERE user_id IS NOT NULL;
DROP TABLE security_events;
ALTER TABLE old_security_events RENAME TO security_events;
CREATE INDEX security_events_tokens_expire_by_idx ON security_events (tokens_expire_by);
CREATE INDEX security_events_token_id_idx ON security_events (token_id) WHERE token_id IS NOT NULL;
ALTER TABLE signing_keys DROP COLUMN revoked_at;
ALTER TABLE signing_keys DROP COLUMN activates_at;
