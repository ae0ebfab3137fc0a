-- First start only: a database and a role for each service. A role reaches its own database and no
-- other, and may make tables there and nothing else.

\getenv auth_password AUTH_DATABASE_PASSWORD
\getenv tasks_password TASKS_DATABASE_PASSWORD

CREATE ROLE auth LOGIN PASSWORD :'auth_password';
CREATE ROLE tasks LOGIN PASSWORD :'tasks_password';
CREATE DATABASE auth;
CREATE DATABASE tasks;

-- Everybody may connect to a database, unless it is said that nobody may.
REVOKE ALL ON DATABASE auth, tasks, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE auth TO auth;
GRANT CONNECT ON DATABASE tasks TO tasks;

-- Without a password the superuser is one inside the container, and cannot sign in from outside.
ALTER ROLE postgres PASSWORD NULL;

\connect auth
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO auth;

\connect tasks
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tasks;
