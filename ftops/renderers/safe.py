"""The one filter between text that others wrote and a terminal. In: any string. Out: the same, harmless.

Names, service messages, file contents and error texts are untrusted: an escape sequence in one of them could redraw
the screen or hide a line of a plan. Nothing may be printed that did not pass `safe`, and no error text that did not
pass `redact`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: C0 (tab and line feed too), DEL and C1 controls.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Bidirectional marks and overrides, zero-width characters, line and paragraph separators, tags, lone surrogates.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: What json.dumps leaves as it is but a terminal would act on.
_NOT_IN_JSON = re.compile(f"[\x7f-\x9f]|{_INVISIBLE.pattern}")
_HARMLESS = re.compile(r"[ -~]*")

#: What looks like a credential, and what is put in its place. Compiled at their first use: most runs have none.
_SECRETS = (
    # Query strings of signed URLs: everything that authorises.
    (r"(?i)([?&;](?:sig|sv|se|st|sp|spr|skoid|sktid)=)[^&\s\"']+", r"\1***"),
    (r"(?i)\b(bearer|sharedkey|basic)\s+[A-Za-z0-9._~+/:=-]{8,}", r"\1 ***"),
    (
        (
            r"(?i)\b(api[-_]key|authorization|client[-_]secret|password|access_token)(\s*[\"']?\s*[:=]\s*[\"']?)"
            r"(?!bearer\b)[^\s\"',}]+"
        ),
        r"\1\2***",
    ),
    (r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.?[A-Za-z0-9_-]*", "***"),
    # Keys of Azure AI accounts (84 characters) and storage accounts (86 and two `=`).
    (r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9]{84}(?![A-Za-z0-9+/])|[A-Za-z0-9+/]{86}==)", "***"),
)


def safe(text: object, *, lines: bool = False) -> str:
    """`text` with every control and invisible character spelled out (`\\x1b`, `U+202E`).

    `lines=True` keeps line feeds and tabs, for paragraphs; everything else is one line.
    """
    string = str(text)
    if _HARMLESS.fullmatch(string):
        return string
    if lines:
        return "\n".join("\t".join(safe(cell) for cell in line.split("\t")) for line in string.split("\n"))
    string = _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", string)
    return _INVISIBLE.sub(lambda found: f"U+{ord(found.group()):04X}", string)


def redact(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """`text` without what looks like a credential, and without any of `secrets` (exact, 8 characters or more)."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 8:
            text = text.replace(secret, "***")
    for pattern, replacement in _SECRETS:
        text = re.sub(pattern, replacement, text)
    return text


def safe_json(document: Mapping[str, Any]) -> str:
    """`document` as indented JSON in which control and invisible characters stand as escapes. Raises on NaN."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    return _NOT_IN_JSON.sub(lambda found: json.dumps(found.group())[1:-1], text)
