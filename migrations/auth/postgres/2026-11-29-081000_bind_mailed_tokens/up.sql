-- The session in which an e-mail or a token was requested. The mailed links become invalid when the
-- session ends. No foreign key: ending a session must not wait for an e-mail that is being sent.
ALTER TABLE mails ADD COLUMN session_id text;
ALTER TABLE verification_tokens ADD COLUMN session_id text;
