-- What a create with an Idempotency-Key was answered, for as long as a retry may come.
CREATE TABLE idempotency_keys (
    user_id text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of what was asked for.
    request_hash blob NOT NULL,
    task_id blob NOT NULL,
    answer text NOT NULL,
    created_at text NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
