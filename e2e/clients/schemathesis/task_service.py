"""Gives each create request its own idempotency key, because a reused key is rejected."""

import uuid

import schemathesis

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get(KEY)
    if key and len(key) < 200 and case.meta and case.meta.generation.mode.is_positive:
        case.headers[KEY] = f"{key}{uuid.uuid4()}"
