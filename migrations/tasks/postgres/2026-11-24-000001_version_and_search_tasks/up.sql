-- `version` counts the changes of a task. Entity tags are made of it, and If-Match is compared with
-- it. The folded columns are used for searching and sorting. The service folds them, so that both
-- engines treat every alphabet alike. `title_folded` is empty until the title has been folded.
ALTER TABLE tasks
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN title_folded text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN description_folded text COLLATE "C";

CREATE INDEX tasks_not_folded_idx ON tasks (id) WHERE title_folded = '';
