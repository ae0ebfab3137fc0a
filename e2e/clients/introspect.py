"""Prints the state of an access token. Reads the secret and the token from standard input, one per line."""

import json
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

url, audience = sys.argv[1:]
secret, token = sys.stdin.read().splitlines()

request = Request(url, urlencode({"token": token}).encode(), {"Authorization": f"Bearer {secret}"})
with urlopen(request) as response:
    state = json.load(response)
if not state["active"] or state["aud"] != audience:
    raise ValueError("invalid token")
print(json.dumps(state))
