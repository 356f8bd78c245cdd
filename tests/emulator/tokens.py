"""Tokens that nobody signed, as a workload's token file or a forger holds them."""

from __future__ import annotations

import base64
import json
import time


def unsigned_token(*, lifetime_seconds: int = 600, **claims: object) -> str:
    """Three parts that decode; the signature is nothing."""
    said = {"iat": int(time.time()), "exp": int(time.time()) + lifetime_seconds, **claims}
    return f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(said)}.{_part('none')}"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
