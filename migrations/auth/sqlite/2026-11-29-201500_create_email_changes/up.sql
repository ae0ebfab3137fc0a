-- Changes of verified addresses. For some time, a link mailed to the old address can undo the change.
CREATE TABLE email_changes (
    id text NOT NULL CONSTRAINT email_changes_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT email_changes_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    old_email text NOT NULL,
    created_at text NOT NULL
);
CREATE INDEX email_changes_user_id_idx ON email_changes (user_id);
CREATE INDEX email_changes_old_email_idx ON email_changes (old_email);
CREATE INDEX email_changes_created_at_idx ON email_changes (created_at);
