-- Machines that get access tokens with credentials of their own.
CREATE TABLE oauth_clients (
    id text NOT NULL CONSTRAINT oauth_clients_pkey PRIMARY KEY,
    name text NOT NULL,
    -- Separated by spaces, like audiences. Without audiences, tokens have the default one.
    scopes text NOT NULL,
    audiences text NOT NULL,
    -- The SHA-256 of a random secret, or a public key (JWK). After a rotation, both credentials are
    -- valid until old_credential_expires_at.
    credential text NOT NULL,
    old_credential text,
    old_credential_expires_at text,
    is_active boolean NOT NULL,
    created_at text NOT NULL,
    -- Accurate to a minute, so that few requests write it.
    last_used_at text
);
-- Assertions (RFC 7523) that clients have used, each until it expires.
CREATE TABLE client_assertions (
    client_id text NOT NULL,
    -- SHA-256 of the claim jti.
    jti_hash blob NOT NULL,
    expires_at text NOT NULL,
    CONSTRAINT client_assertions_pkey PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX client_assertions_expires_at_idx ON client_assertions (expires_at);
