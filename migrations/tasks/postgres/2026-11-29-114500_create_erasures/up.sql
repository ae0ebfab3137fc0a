-- Position up to which the security events of an issuer were read.
CREATE TABLE event_cursors (
    issuer text NOT NULL CONSTRAINT event_cursors_pkey PRIMARY KEY,
    cursor text NOT NULL
);

-- Deleted users whose data is erased: at once, and again when all of their tokens have expired.
-- Until then, a process that does not know of the deletion yet may accept one of these tokens.
CREATE TABLE erasures (
    user_id text NOT NULL CONSTRAINT erasures_pkey PRIMARY KEY,
    erase_at timestamptz NOT NULL,
    tokens_expire_by timestamptz NOT NULL
);
CREATE INDEX erasures_erase_at_idx ON erasures (erase_at);
