DROP TABLE security_events;
DROP TABLE event_streams;
