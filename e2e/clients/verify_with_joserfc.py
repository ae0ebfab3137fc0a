"""Verifies a token of auth-service as a Python back end does, with joserfc.

    echo "$TOKEN" | python verify_with_joserfc.py <jwks url> <issuer> <audience>

Prints the claims as JSON; exits with an error if the token is invalid.
"""

import json
import sys
from urllib.request import urlopen

from joserfc import jwt
from joserfc.jwk import KeySet

jwks_url, issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

keys = KeySet.import_key_set(json.load(urlopen(jwks_url)))
# EdDSA is not among the algorithms that joserfc allows by default.
claims = jwt.decode(token, keys, algorithms=["EdDSA"]).claims
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": audience},
    sub={"essential": True},
    exp={"essential": True},
).validate(claims)
print(json.dumps(claims))
