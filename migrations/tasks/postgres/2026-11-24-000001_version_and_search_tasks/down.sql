DROP INDEX tasks_not_folded_idx;
ALTER TABLE tasks
    DROP COLUMN description_folded,
    DROP COLUMN title_folded,
    DROP COLUMN version;
