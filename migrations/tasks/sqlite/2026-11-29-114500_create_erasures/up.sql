-- Where the security events of an issuer were read up to.
CREATE TABLE event_cursors (
    issuer text NOT NULL CONSTRAINT event_cursors_pkey PRIMARY KEY,
    cursor text NOT NULL
);

-- Deleted users whose data is erased: at once, and again when the last of their tokens has expired, because one may be
-- accepted until then where the deletion is not known yet.
CREATE TABLE erasures (
    user_id text NOT NULL CONSTRAINT erasures_pkey PRIMARY KEY,
    erase_at text NOT NULL,
    tokens_expire_by text NOT NULL
);
CREATE INDEX erasures_erase_at_idx ON erasures (erase_at);
