-- The networks that users signed in from, by a hash of user and network: who guesses elsewhere does not lock them out.
CREATE TABLE sign_in_networks (
    network bytea NOT NULL CONSTRAINT sign_in_networks_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT sign_in_networks_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    seen_at timestamptz NOT NULL
);
CREATE INDEX sign_in_networks_user_id_idx ON sign_in_networks (user_id);
CREATE INDEX sign_in_networks_seen_at_idx ON sign_in_networks (seen_at);
