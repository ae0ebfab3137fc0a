DROP TABLE erasures;
DROP TABLE event_cursors;
