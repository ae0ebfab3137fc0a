-- The key is the same as on PostgreSQL, where the key of a table that is distributed by owner must
-- contain the owner. The index on `id` serves the query that distinguishes another user's task
-- (403) from a missing one (404).
CREATE TABLE new_tasks (
    id blob NOT NULL,
    user_id text NOT NULL CONSTRAINT tasks_user_id_length CHECK (length(user_id) BETWEEN 1 AND 255),
    title text NOT NULL CONSTRAINT tasks_title_length CHECK (length(title) BETWEEN 1 AND 255),
    description text CONSTRAINT tasks_description_length CHECK (length(description) <= 10000),
    completed boolean NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    title_folded text NOT NULL DEFAULT '',
    description_folded text,
    CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id)
);
INSERT INTO new_tasks (
    id, user_id, title, description, completed, created_at, updated_at, version, title_folded, description_folded
)
SELECT
    id, user_id, title, description, completed, created_at, updated_at, version, title_folded, description_folded
FROM tasks ORDER BY created_at;
DROP TABLE tasks;
ALTER TABLE new_tasks RENAME TO tasks;

CREATE INDEX tasks_user_id_created_at_id_idx ON tasks (user_id, created_at DESC, id DESC);
CREATE INDEX tasks_not_folded_idx ON tasks (id) WHERE title_folded = '';
CREATE INDEX tasks_id_idx ON tasks (id);
