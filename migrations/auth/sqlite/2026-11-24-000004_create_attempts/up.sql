-- How often something was tried of late, by whoever the key stands for.
CREATE TABLE attempts (
    key blob NOT NULL CONSTRAINT attempts_pkey PRIMARY KEY,
    count integer NOT NULL,
    last_at text NOT NULL,
    forget_at text NOT NULL
);
CREATE INDEX attempts_forget_at_idx ON attempts (forget_at);
