-- How many security events there were. Who records one holds the row until the end of the transaction: events become
-- visible in the order of their places, so a reader that asks for later places misses none.
CREATE TABLE event_streams (
    name text NOT NULL CONSTRAINT event_streams_pkey PRIMARY KEY,
    -- Tells these places from those of another database.
    id text NOT NULL,
    last_place integer NOT NULL
);

-- Ended sessions and deleted users, for services that verify tokens without asking. No foreign key: an event outlives
-- what it is about.
CREATE TABLE security_events (
    place integer NOT NULL CONSTRAINT security_events_pkey PRIMARY KEY,
    kind text NOT NULL,
    user_id text NOT NULL,
    session_id text,
    created_at text NOT NULL,
    -- From then on no token that the event concerns is valid.
    tokens_expire_by text NOT NULL
);
CREATE INDEX security_events_tokens_expire_by_idx ON security_events (tokens_expire_by);
