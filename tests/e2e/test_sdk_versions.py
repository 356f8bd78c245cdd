"""The unmodified SDKs of three generations make the same journey, each in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator import API_KEY, CLIENT_ID, CLIENT_SECRET, RESOURCE_GROUP, SUBSCRIPTION, TENANT, Emulator
from tests.e2e.environments import NotInstallable, environment
from tests.emulator.tokens import unsigned_token

pytestmark = pytest.mark.e2e

GENERATIONS = {
    "sdk-oldest": ("openai==1.109.1", "azure-mgmt-cognitiveservices==13.7.0", "azure-identity"),
    "sdk-middle": ("openai>=2,<3", "azure-mgmt-cognitiveservices==14.1.0", "azure-identity"),
    "sdk-newest": ("openai>=3", "azure-mgmt-cognitiveservices>=15.0.0b1", "azure-identity"),
}


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[dict[str, str]]:
    """One store served over http and over https, and how to sign in."""
    store, token_file = tmp_path / "emulator.db", tmp_path / "oidc"
    token_file.write_text(unsigned_token(sub="repo:acme/support", aud="api://AzureADTokenExchange"))
    quick = {"file_seconds": 0.1, "job_pending_seconds": 0.1, "job_running_seconds": 0.3}
    with Emulator(store, accounts={"main": None}, profile=quick) as plain, Emulator(store, tls=True) as secured:
        yield {
            "http": plain.url,
            "https": secured.url,
            "certificate": str(secured.certificate),
            "subscription": SUBSCRIPTION,
            "group": RESOURCE_GROUP,
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "key": API_KEY,
            "token_file": str(token_file),
        }


def journey(generation: str, facts: dict[str, str]) -> Any:
    try:
        executables = environment(generation, *GENERATIONS[generation])
    except NotInstallable as reason:
        pytest.skip(str(reason))
    done = subprocess.run(
        [str(executables / "python"), str(Path(__file__).with_name("journey.py"))],
        env={
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "FTOPS_E2E_FACTS": json.dumps(facts),
            "IDENTITY_ENDPOINT": facts["http"] + "/msi/token",
            "IDENTITY_HEADER": "any",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("generation", "openai", "management"),
    [("sdk-oldest", "1.109.", "13.7."), ("sdk-middle", "2.", "14.1."), ("sdk-newest", "3.", "15.")],
)
def test_a_generation_of_sdks_trains_deploys_asks_and_deletes(
    facts: dict[str, str], generation: str, openai: str, management: str
) -> None:
    told = journey(generation, facts)

    versions = told["versions"]
    assert versions[0].startswith(openai), versions
    assert versions[1].startswith(management), versions
    assert {surface: job["status"] for surface, job in told["jobs"].items()} == {
        "dated": "succeeded",
        "v1": "succeeded",
    }
    model = told["jobs"]["dated"]["model"]
    assert told["deployment"] == {
        "state": "Succeeded",
        "tags": {"made-by": "journey"},
        "listed": ["journey"],
        "answers": [[f"[{model}] hello", f"[{model}] hello"]],
        "gone": "ResourceNotFound",
    }
    assert told["missing"] == "DeploymentNotFound"
    assert told["accounts"] == ["main"]
    assert told["workload_token"] == 2
    assert told["files_with_entra"] > 0
    assert told["usages"] is True
