-- Networks from which users have signed in, as hashes of user and network. Password guesses from
-- other networks do not prevent a user from signing in from these networks.
CREATE TABLE sign_in_networks (
    network bytea NOT NULL CONSTRAINT sign_in_networks_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT sign_in_networks_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    seen_at timestamptz NOT NULL
);
CREATE INDEX sign_in_networks_user_id_idx ON sign_in_networks (user_id);
CREATE INDEX sign_in_networks_seen_at_idx ON sign_in_networks (seen_at);
