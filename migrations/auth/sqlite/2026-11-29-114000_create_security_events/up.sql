-- The place (sequence number) of the last security event. A transaction that records an event locks
-- the row until it ends, so that events become visible in the order of their places, and a reader
-- that asks for later places misses none.
CREATE TABLE event_streams (
    name text NOT NULL CONSTRAINT event_streams_pkey PRIMARY KEY,
    -- Readers send this id together with a place, so that a place in another database is detected.
    id text NOT NULL,
    last_place integer NOT NULL
);

-- Ended sessions and deleted users, for services that verify tokens offline. No foreign key: an
-- event is kept after its session and its user were deleted.
CREATE TABLE security_events (
    place integer NOT NULL CONSTRAINT security_events_pkey PRIMARY KEY,
    kind text NOT NULL,
    user_id text NOT NULL,
    session_id text,
    created_at text NOT NULL,
    -- Time from which no token that the event concerns is valid.
    tokens_expire_by text NOT NULL
);
CREATE INDEX security_events_tokens_expire_by_idx ON security_events (tokens_expire_by);
