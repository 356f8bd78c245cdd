"""Identity: the names under which Azure itself carries what ftops paid for.

F, the fingerprint, is SHA-256 over canonical JSON of everything that makes one training run what it is; T, the token,
is ten base32 characters of it that travel in the job's suffix (and so in the model id); files carry their content
hash in their name; deployments carry a fingerprint tag. A golden file pins F and T for ever: a change here that moves
one of them makes every user pay again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

TOKEN_LENGTH = 10
#: The service's limit (service contract, section 1.6); the token and its dash take eleven of it.
SUFFIX_MAX = 40
AUTHOR_SUFFIX_MAX = SUFFIX_MAX - TOKEN_LENGTH - 1
#: Sent in front of the token when the author gave no suffix.
DEFAULT_SUFFIX = "ftops"

#: Tags of a deployment: whose it is, in which environment, for which entry, with which managed fields.
TAG_PROJECT = "ftops-project"
TAG_ENVIRONMENT = "ftops-environment"
TAG_ADDRESS = "ftops-address"
TAG_FINGERPRINT = "ftops-fingerprint"
#: `live` or `next`, and `true` or `false`.
TAG_ROLE = "ftops-role"
TAG_PROTECT = "ftops-protect"

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
_TOKEN_AT_END = re.compile(rf"(?:^|-)([a-z2-7]{{{TOKEN_LENGTH}}})(?::ckpt-step-[0-9]+)?$")
_JOB_HEX = re.compile(r"(?:^ftjob-|\.ft-)([0-9a-f]{32})")
_FILE_NAME = re.compile(r"ftops-([0-9a-f]{32})-(.+)\.jsonl")


def canonical_json(value: Any) -> bytes:
    """One spelling per value: sorted keys, no spaces, UTF-8, whole floats as integers. Raises ValueError on NaN."""
    return _ENCODER.encode(_canonical(value)).encode()


def _canonical(value: Any) -> Any:
    if type(value) is dict:  # nearly all mappings, and asking about Mapping is slow
        return {str(key): item if type(item) is str else _canonical(item) for key, item in value.items()}
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """F of one training run. `inputs` holds only what was said: defaults and `auto` are left out by the caller."""
    return digest({"v": 1, **inputs})


@lru_cache(maxsize=65536)
def token(f: str) -> str:
    """T: fifty bits of F that fit into the suffix."""
    raw = hashlib.sha256(b"ftops-token-1|" + f.encode()).digest()
    return base64.b32encode(raw).decode().lower()[:TOKEN_LENGTH]


def seed(f: str) -> int:
    """31 more bits of F, sent as the seed when the author gave none (the service echoes it: section 1.6)."""
    raw = hashlib.sha256(b"ftops-seed-1|" + f.encode()).digest()
    return int.from_bytes(raw[:4], "big") & 0x7FFFFFFF


def suffix_sent(author_suffix: str | None, t: str) -> str:
    """What the job is created with: the author's suffix, a dash, the token."""
    return f"{author_suffix or DEFAULT_SUFFIX}-{t}"


def token_of(carrier: str | None) -> str | None:
    """The token at the end of a suffix, a model id or a checkpoint name; None when there is none."""
    found = _TOKEN_AT_END.search(carrier or "")
    return found.group(1) if found else None


def job_hex(carrier: str | None) -> str | None:
    """The 32 hex digits a job id and the ids of its models share (service contract, section 1.6)."""
    found = _JOB_HEX.search(carrier or "")
    return found.group(1) if found else None


def file_name(sha256: str, project: str, name: str) -> str:
    """How a dataset's upload is called in Azure: content first, then whose it is."""
    return f"ftops-{sha256[:32]}-{project}-{name}.jsonl"


def content_hex_of(file_name_in_azure: str) -> str | None:
    """The content hash (32 hex digits) a file of any ftops project carries; None for other people's files."""
    found = _FILE_NAME.fullmatch(file_name_in_azure)
    return found.group(1) if found else None


def project_of(file_name_in_azure: str, known_projects: frozenset[str]) -> str | None:
    """The project whose upload this is, among those known; None for other people's files.

    Both project and dataset names may hold dashes, so `support` is a prefix of `support-eu`: the longest known project
    wins. Callers pass every project they have evidence of (their own, the account's deployment tags, the ledger).
    """
    found = _FILE_NAME.fullmatch(file_name_in_azure)
    if not found:
        return None
    rest = found.group(2)
    return max((p for p in known_projects if rest.startswith(p + "-")), key=len, default=None)
