-- A user who is not active cannot sign in until ban_expires, or at all if it is NULL.
ALTER TABLE users ADD COLUMN is_active boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN ban_reason text;
ALTER TABLE users ADD COLUMN ban_expires text;
