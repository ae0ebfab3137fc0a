-- The audit log: who did what, when and from where. No foreign key: an entry is kept after its user
-- was deleted, with a pseudonym instead of the user's id.
CREATE TABLE audit_entries (
    id text NOT NULL CONSTRAINT audit_entries_pkey PRIMARY KEY,
    action text NOT NULL,
    outcome text NOT NULL,
    actor text NOT NULL,
    user_id text,
    session_id text,
    ip_address text,
    user_agent text,
    detail text,
    -- Failures with the same action, user, address and detail share an entry for up to an hour, and
    -- so do all failures beyond a limit.
    count integer NOT NULL,
    created_at text NOT NULL,
    last_at text NOT NULL
);
CREATE INDEX audit_entries_created_at_idx ON audit_entries (created_at);
CREATE INDEX audit_entries_user_id_idx ON audit_entries (user_id, created_at);
