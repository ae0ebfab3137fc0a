-- The first process to insert a generation creates its key. All other processes use that key.
CREATE TABLE signing_keys (
    generation integer NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY,
    id text NOT NULL CONSTRAINT signing_keys_id_key UNIQUE,
    public_key bytea NOT NULL,
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL
);
