ALTER TABLE users DROP COLUMN is_active, DROP COLUMN ban_reason, DROP COLUMN ban_expires;
