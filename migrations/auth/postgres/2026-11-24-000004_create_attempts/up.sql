-- Number of recent attempts, such as failed sign-ins, by a hash of the user, address or network
-- that they are counted for.
CREATE TABLE attempts (
    key bytea NOT NULL CONSTRAINT attempts_pkey PRIMARY KEY,
    count integer NOT NULL,
    last_at timestamptz NOT NULL,
    forget_at timestamptz NOT NULL
);
CREATE INDEX attempts_forget_at_idx ON attempts (forget_at);
