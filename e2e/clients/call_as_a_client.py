"""Creates a task as an OAuth client. Reads the client's id and secret from standard input."""

import sys

from authlib.integrations.requests_client import OAuth2Session

auth_url, tasks_url = sys.argv[1:]
client_id, client_secret = sys.stdin.read().split()

session = OAuth2Session(
    client_id,
    client_secret,
    scope="tasks:read tasks:write",
    grant_type="client_credentials",
    token_endpoint=f"{auth_url}/api/auth/oauth2/token",
)
session.fetch_token()
response = session.post(f"{tasks_url}/api/tasks", json={"title": "Check the backups"})
response.raise_for_status()
print(response.text)
