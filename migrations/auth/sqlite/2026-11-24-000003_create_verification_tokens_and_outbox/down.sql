DROP TABLE mails;
DROP TABLE verification_tokens;
