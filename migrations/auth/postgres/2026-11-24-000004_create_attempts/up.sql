-- Number of recent attempts, such as sign-ins. The key is a hash of what is counted, for instance the
-- sign-ins of one client to one account.
CREATE TABLE attempts (
    key bytea NOT NULL CONSTRAINT attempts_pkey PRIMARY KEY,
    count integer NOT NULL,
    last_at timestamptz NOT NULL,
    forget_at timestamptz NOT NULL
);
CREATE INDEX attempts_forget_at_idx ON attempts (forget_at);
