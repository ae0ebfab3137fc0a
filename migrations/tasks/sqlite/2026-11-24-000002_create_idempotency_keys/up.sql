-- Responses to create requests with an Idempotency-Key, kept as long as retries are expected.
CREATE TABLE idempotency_keys (
    user_id text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the request.
    request_hash blob NOT NULL,
    task_id blob NOT NULL,
    answer text NOT NULL,
    created_at text NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
