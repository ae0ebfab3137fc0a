-- `version` counts changes: what an ETag is made of, and what If-Match is compared with.
-- The folded texts are what is searched and sorted by. They are folded by the service, so that both
-- engines agree on every alphabet; a title that is not folded yet is empty here.
ALTER TABLE tasks
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN title_folded text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN description_folded text COLLATE "C";

CREATE INDEX tasks_not_folded_idx ON tasks (id) WHERE title_folded = '';
