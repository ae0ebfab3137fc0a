ALTER TABLE verification_tokens DROP COLUMN session_id;
ALTER TABLE mails DROP COLUMN session_id;
