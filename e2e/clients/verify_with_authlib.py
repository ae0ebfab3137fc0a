"""Verifies a token of auth-service as a Python back end does, with Authlib.

    echo "$TOKEN" | python verify_with_authlib.py <jwks url> <issuer> <audience>

Prints the claims as JSON; exits with an error if the token is invalid.
"""

import json
import sys
from urllib.request import urlopen

from authlib.jose import JsonWebKey, JsonWebToken

jwks_url, issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

keys = JsonWebKey.import_key_set(json.load(urlopen(jwks_url)))
claims = JsonWebToken(["EdDSA"]).decode(
    token,
    keys,
    claims_options={
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": audience},
        "sub": {"essential": True},
        "exp": {"essential": True},
    },
)
claims.validate()
print(json.dumps(claims))
