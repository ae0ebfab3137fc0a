DROP INDEX tasks_not_folded_idx;
ALTER TABLE tasks DROP COLUMN description_folded;
ALTER TABLE tasks DROP COLUMN title_folded;
ALTER TABLE tasks DROP COLUMN version;
