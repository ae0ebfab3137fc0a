"""Verifies a token of auth-service as a Python back end such as FastAPI does, with PyJWT.

    echo "$TOKEN" | python verify_with_pyjwt.py <jwks url> <issuer> <audience>

Prints the claims as JSON; exits with an error if the token is invalid.
"""

import json
import sys

import jwt

jwks_url, issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

key = jwt.PyJWKClient(jwks_url).get_signing_key_from_jwt(token)
claims = jwt.decode(
    token,
    key,
    algorithms=["EdDSA"],
    issuer=issuer,
    audience=audience,
    options={"require": ["exp", "iss", "aud", "sub"]},
)
print(json.dumps(claims))
