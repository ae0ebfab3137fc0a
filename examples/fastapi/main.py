"""A FastAPI back end that accepts the access tokens of auth-service.

    pip install -r requirements.txt uvicorn
    uvicorn main:app --port 8001
"""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

ISSUER = os.environ.get("BETTER_AUTH_URL", "http://localhost:3000")
JWKS_URL = os.environ.get("BETTER_AUTH_JWKS_URL", f"{ISSUER}/api/auth/jwks")

# The client fetches the keys on first use and caches them.
keys = jwt.PyJWKClient(JWKS_URL)
bearer = HTTPBearer(auto_error=False)
app = FastAPI()


class User(BaseModel):
    """The signed-in user. The id is an opaque string, not a number."""

    id: str
    email: str


def current_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> User:
    """Returns the user of the bearer token, or fails with 401 or 503."""
    if credentials is None:
        raise unauthorized("Not authenticated")
    token = credentials.credentials
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer=ISSUER,
            audience=ISSUER,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "Keys unavailable") from error
    except jwt.PyJWTError as error:
        raise unauthorized("Invalid token") from error
    return User(id=claims["sub"], email=claims["email"])


def unauthorized(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


@app.get("/me")
def me(user: Annotated[User, Depends(current_user)]) -> User:
    return user
