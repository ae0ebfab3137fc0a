CREATE TABLE tasks (
    id blob NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT tasks_user_id_length CHECK (length(user_id) BETWEEN 1 AND 255),
    title text NOT NULL CONSTRAINT tasks_title_length CHECK (length(title) BETWEEN 1 AND 255),
    description text CONSTRAINT tasks_description_length CHECK (length(description) <= 10000),
    completed boolean NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL
);

-- The default order of listings: the tasks of one owner, newest first.
CREATE INDEX tasks_user_id_created_at_id_idx ON tasks (user_id, created_at DESC, id DESC);
