-- The key of a table that is distributed by owner must contain the owner. The index on `id` serves
-- the query that distinguishes another user's task (403) from a missing one (404).
ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
ALTER TABLE tasks ADD CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id);
CREATE INDEX tasks_id_idx ON tasks (id);
