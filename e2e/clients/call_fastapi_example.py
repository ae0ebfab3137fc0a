"""Calls the FastAPI example with a token and prints the status and the body.

    echo "$TOKEN" | python call_fastapi_example.py <jwks url> <issuer>
"""

import json
import os
import sys
from pathlib import Path

os.environ["BETTER_AUTH_JWKS_URL"], os.environ["BETTER_AUTH_URL"] = sys.argv[1:]
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "fastapi"))

from fastapi.testclient import TestClient  # noqa: E402

from main import app  # noqa: E402

token = sys.stdin.read().strip()
headers = {"Authorization": f"Bearer {token}"} if token else {}
response = TestClient(app).get("/me", headers=headers)
print(json.dumps({"status": response.status_code, "body": response.json()}))
