DROP INDEX security_events_token_id_idx;
ALTER TABLE security_events DROP COLUMN token_id;
