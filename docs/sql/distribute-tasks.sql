-- Distributes the tables of task-service by owner over the nodes of a Citus cluster (tested with 13.0.3).
--
-- Run it once, on the coordinator, in the database and with the search_path of task-service, after
-- `task-service migrate` and while the service is stopped. Existing rows are moved. It changes nothing
-- if it is run again. The tables of auth-service stay on the coordinator, and so do `erasures` and
-- `event_cursors`, which no request uses.

DO $$
DECLARE
    distributed_table regclass;
BEGIN
    FOREACH distributed_table IN ARRAY ARRAY['tasks', 'idempotency_keys']::regclass[] LOOP
        IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = distributed_table) THEN
            -- Tables that are distributed by columns of the same type are co-located, so a
            -- transaction of one owner involves only one node.
            PERFORM create_distributed_table(distributed_table, 'user_id', shard_count => 32);
        END IF;
    END LOOP;
END
$$;
