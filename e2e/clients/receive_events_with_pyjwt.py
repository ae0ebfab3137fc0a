"""Prints the security events of a feed. Reads the secret from standard input."""

import json
import sys
from urllib.request import Request, urlopen

import jwt

feed, jwks_url, issuer, audience = sys.argv[1:]
secret = sys.stdin.read().strip()
keys = jwt.PyJWKClient(jwks_url)

page = {"cursor": None, "moreAvailable": True}
while page["moreAvailable"]:
    # Without returnImmediately, a request waits for new events.
    body = json.dumps({"cursor": page["cursor"], "returnImmediately": True}).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with urlopen(Request(feed, body, headers)) as response:
        page = json.load(response)
    for token in page["sets"].values():
        if jwt.get_unverified_header(token).get("typ") != "secevent+jwt":
            raise ValueError("not a security event")
        claims = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["EdDSA"],
            issuer=issuer,
            audience=audience,
            options={"require": ["iss", "aud", "iat", "jti", "events"]},
        )
        print(json.dumps({"events": claims["events"], "subject": claims["sub_id"]}))
