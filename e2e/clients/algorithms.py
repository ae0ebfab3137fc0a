"""Shows which names of the signature algorithm each Python library accepts.

    echo "$TOKEN" | python algorithms.py <jwks url> <alg of the token>

Prints a line for each library: whether it verifies the token with its default algorithms, only if the
algorithm is allowed explicitly, or never.
"""

import json
import sys
from urllib.request import urlopen

import jwt as pyjwt
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose import jwt as authlib_jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

jwks_url, name = sys.argv[1:]
token = sys.stdin.read().strip()
jwks = urlopen(jwks_url).read().decode()


def with_pyjwt(algorithms):
    key = pyjwt.PyJWKSet.from_json(jwks).keys[0]
    pyjwt.decode(token, key, algorithms=algorithms, options={"verify_aud": False})


def with_joserfc(algorithms):
    joserfc_jwt.decode(token, KeySet.import_key_set(json.loads(jwks)), algorithms=algorithms)


def with_authlib(algorithms):
    library = JsonWebToken(algorithms) if algorithms else authlib_jwt
    library.decode(token, JsonWebKey.import_key_set(json.loads(jwks)))


def with_jwcrypto(algorithms):
    JWT(jwt=token, key=JWKSet.from_json(jwks), algs=algorithms)


def outcome(verify):
    for algorithms, accepted in [(None, "yes"), ([name], f"if `{name}` is allowed")]:
        try:
            verify(algorithms)
            return accepted
        except Exception:
            continue
    return "no"


for library, verify in [
    ("PyJWT", with_pyjwt),
    ("joserfc", with_joserfc),
    ("Authlib", with_authlib),
    ("jwcrypto", with_jwcrypto),
]:
    print(f"{library}: {outcome(verify)}")
