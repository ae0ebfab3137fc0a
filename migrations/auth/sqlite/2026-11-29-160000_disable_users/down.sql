ALTER TABLE users DROP COLUMN is_active;
ALTER TABLE users DROP COLUMN ban_reason;
ALTER TABLE users DROP COLUMN ban_expires;
