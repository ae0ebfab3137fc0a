"""Verifies a token of auth-service as a Python back end does, with jwcrypto.

    echo "$TOKEN" | python verify_with_jwcrypto.py <jwks url> <issuer> <audience>

Prints the claims as JSON; exits with an error if the token is invalid.
"""

import sys
from urllib.request import urlopen

from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

jwks_url, issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

keys = JWKSet.from_json(urlopen(jwks_url).read())
required = {"iss": issuer, "aud": audience, "exp": None, "sub": None}
print(JWT(jwt=token, key=keys, algs=["EdDSA"], check_claims=required).claims)
