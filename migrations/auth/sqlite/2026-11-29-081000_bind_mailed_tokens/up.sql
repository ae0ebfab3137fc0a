-- The session in which a mail or a token was asked for; its links end with it. No foreign key: a session ends without
-- waiting for a mail that is being sent.
ALTER TABLE mails ADD COLUMN session_id text;
ALTER TABLE verification_tokens ADD COLUMN session_id text;
