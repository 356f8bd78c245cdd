"""Redaction: text that came from outside, made fit to be shown. The one place where secrets are cut out.

In: messages of services, SDKs and proxies. Out: one line of bounded length without keys, tokens or signed URLs.
Nothing that came over the wire may reach an error, a hint or an observed value without passing here.
"""

from __future__ import annotations

import re

REMOVED = "[removed]"
LENGTH_MAX = 600
#: For a service's own sentence inside a longer text, so that what follows it is not cut off.
SENTENCE_MAX = 400

_SECRETS = (
    # A JWT anywhere: two dotted base64url parts after the telltale start of `{"`.
    (re.compile(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}"), REMOVED),
    (re.compile(r"(?i)\b(bearer|basic|sharedkey)\s+[^\s'\",;]+"), rf"\1 {REMOVED}"),
    # The signature is what makes a shared access URL a secret; `se`, `sp` and the rest explain why it failed.
    (re.compile(r"(?i)\b(sig|signature|client_secret|access_token|refresh_token)=[^&\s'\"]+"), rf"\1={REMOVED}"),
    (
        re.compile(
            r"(?i)\b(api[-_ ]?key|subscription[-_ ]key|ocp-apim-subscription-key|accountkey|x-identity-header"
            r"|authorization|password|secret)"
            r"(\\?[\"']?\s*(?:provided)?\s*[:=]\s*\\?[\"']?)[^\s\"',;&\\]+"
        ),
        rf"\1\2{REMOVED}",
    ),
    (re.compile(r"\bsk-[A-Za-z0-9_*-]{8,}"), REMOVED),
)
_SPACES = re.compile(r"\s+")


def shown(text: object, *, length_max: int = LENGTH_MAX) -> str:
    """One line of bounded length, secrets removed."""
    line = _SPACES.sub(" ", str(text)).strip()
    # Cut after redacting: half a secret is still one, and half a pattern is not found.
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line if len(line) <= length_max else line[: length_max - 1] + "…"
