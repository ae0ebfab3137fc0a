"""Creates a task as an OAuth client that authenticates with a P-256 key."""

import sys
from pathlib import Path

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

auth_url, tasks_url, client_id, key_file = sys.argv[1:]
endpoint = f"{auth_url}/api/auth/oauth2/token"

session = OAuth2Session(
    client_id,
    ECKey.import_key(Path(key_file).read_text()),
    grant_type="client_credentials",
    token_endpoint=endpoint,
    token_endpoint_auth_method=PrivateKeyJWT(endpoint, alg="ES256"),
)
session.fetch_token()
response = session.post(f"{tasks_url}/api/tasks", json={"title": "Check the backups"})
response.raise_for_status()
print(response.text)
