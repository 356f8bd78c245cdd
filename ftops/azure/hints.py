"""Hints: what a person can do about an answer of Azure, by what went wrong and in which words.

In: the kind of a RemoteError and the service's own code and text. Out: one sentence, or nothing. Decides nothing.
"""

from __future__ import annotations

from ftops.core.errors import RemoteKind

_NETWORK = (
    "allow this machine in the account's networking settings, or run where its private endpoint is reachable"
    " (service contract, section 1.3)"
)
_DATA_ROLE = (
    "give this identity the role Cognitive Services OpenAI Contributor on the account; Owner and Contributor of the"
    " subscription do not include it, and a fresh grant takes some minutes (service contract, section 5)"
)
_ARM_ROLE = (
    "give this identity Reader (to plan) or Cognitive Services OpenAI Contributor (to apply) on the account; after a"
    " fresh grant sign in again (service contract, section 5)"
)
_KEYS_OFF = "this account refuses API keys: set `auth: entra` for it in ftops.yaml"
_KEY = "check the key in the variable that `key_env` names, and that `name` or `endpoint` is that key's account"
_SIGN_IN = "sign in again, for example with `az login`, or set the AZURE_* variables of a service principal"
_ROUTE = "check `endpoint` and `api` of the account in ftops.yaml: the service does not know this address"
_CONNECT = "check the network, the proxy variables and the account's endpoint"
_SERVE_LATER = "a new deployment may take five minutes to answer: try again then"

#: In the service's own words: the first that occurs decides.
_PHRASES = (
    ("firewall rules", _NETWORK),
    ("public access is disabled", _NETWORK),
    ("virtual network is configured", _NETWORK),
    ("key based authentication is disabled", _KEYS_OFF),
    ("data action", _DATA_ROLE),
    ("principal does not have access", _DATA_ROLE),
    ("invalid subscription key", _KEY),
    ("access token is missing", _SIGN_IN),
)
_CODES = {
    "authenticationtypedisabled": _KEYS_OFF,
    "permissiondenied": _DATA_ROLE,
    "authorizationfailed": _ARM_ROLE,
    "linkedauthorizationfailed": _ARM_ROLE,
    "deploymentnotfound": _SERVE_LATER,
    "deploymentnotready": _SERVE_LATER,
    "resourcegroupnotfound": "check `resource_group` of the account in ftops.yaml",
    "subscriptionnotfound": "check `subscription` of the account in ftops.yaml, and which tenant you signed in to",
    "parentresourcenotfound": "check `name` of the account in ftops.yaml",
    "insufficientquota": "ask for less capacity or for more quota; after a delete it takes 20 seconds to come back",
}


def hint_for(kind: RemoteKind, status: int | None, code: str, said: str, effect: str) -> str:
    """One sentence of advice, or an empty string when there is none better than the service's text."""
    text = said.lower()
    for phrase, hint in _PHRASES:
        if phrase in text:
            return hint
    if code.lower() in _CODES:
        return _CODES[code.lower()]
    if kind == "denied":
        return _SIGN_IN
    if kind == "busy":
        return "another operation on this account is running: try again when it has ended"
    if kind == "unavailable" and status == 404:
        return _ROUTE
    if kind == "unavailable" and status is None:
        return _CONNECT
    if kind == "unknown":
        return "it may have been done all the same: run `ftops plan` to see" if effect != "read" else ""
    return ""
