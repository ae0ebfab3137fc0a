-- Creates a database and a role for each service. A role can connect only to its own database, and can
-- create tables only there. This script runs only at the first start.

\getenv auth_password AUTH_DATABASE_PASSWORD
\getenv tasks_password TASKS_DATABASE_PASSWORD

CREATE ROLE auth LOGIN PASSWORD :'auth_password';
CREATE ROLE tasks LOGIN PASSWORD :'tasks_password';
CREATE DATABASE auth;
CREATE DATABASE tasks;

-- By default, every role may connect to every database.
REVOKE ALL ON DATABASE auth, tasks, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE auth TO auth;
GRANT CONNECT ON DATABASE tasks TO tasks;

-- Without a password, the superuser can sign in only from inside the container.
ALTER ROLE postgres PASSWORD NULL;

\connect auth
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO auth;

\connect tasks
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tasks;
