"""The emulator over https, with the certificate it makes itself."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.identity import ClientSecretCredential, WorkloadIdentityCredential
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from openai import AzureOpenAI, DefaultHttpxClient

from ftops.emulator import API_KEY, CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT, Emulator, NoCryptography
from ftops.emulator.tls import certificate_path, key_path, server_context
from tests.emulator.tokens import unsigned_token

ARM = "https://management.azure.com/.default"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "emulator.db", accounts={"main": None}, tls=True) as running:
        yield running


def trusting(emulator: Emulator) -> ssl.SSLContext:
    assert emulator.certificate is not None
    return ssl.create_default_context(cafile=str(emulator.certificate))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_certificate_is_good_for_both_names_of_loopback(secured: Emulator, host: str) -> None:
    assert secured.url.startswith("https://127.0.0.1:")
    url = secured.url.replace("127.0.0.1", host)
    with urllib.request.urlopen(f"{url}/_emulator/clock", context=trusting(secured), timeout=10) as answer:
        assert answer.status == 200


def test_who_does_not_trust_the_certificate_gets_nothing(secured: Emulator) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{secured.url}/_emulator/clock", timeout=10)


def test_the_key_is_readable_by_its_owner_only_and_both_are_kept(tmp_path: Path) -> None:
    store = tmp_path / "emulator.db"
    server_context(store)
    kept = (certificate_path(store).read_bytes(), key_path(store).read_bytes())
    assert stat.S_IMODE(os.stat(key_path(store)).st_mode) == 0o600
    server_context(store)
    assert (certificate_path(store).read_bytes(), key_path(store).read_bytes()) == kept


@pytest.mark.parametrize("damage", ["missing key", "broken certificate"])
def test_a_pair_that_does_not_work_is_made_anew(tmp_path: Path, damage: str) -> None:
    store = tmp_path / "emulator.db"
    server_context(store)
    if damage == "missing key":
        key_path(store).unlink()
    else:
        certificate_path(store).write_text("not a certificate")
    server_context(store)
    assert certificate_path(store).read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_without_the_package_that_makes_certificates_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(NoCryptography, match="`cryptography` is not installed"):
        Emulator(tmp_path / "emulator.db", tls=True)


def test_a_connection_that_never_speaks_does_not_keep_others_waiting(secured: Emulator) -> None:
    port = int(secured.url.rpartition(":")[2])
    url = f"{secured.url}/_emulator/clock"
    with (
        socket.create_connection(("127.0.0.1", port)),
        urllib.request.urlopen(url, context=trusting(secured), timeout=10) as answer,
    ):
        assert answer.status == 200


def test_plain_http_to_the_tls_port_is_hung_up_on(secured: Emulator) -> None:
    port = int(secured.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(b"GET /_emulator/clock HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/1.1 200" not in plain.recv(4096)


def test_links_in_answers_are_https(secured: Emulator) -> None:
    arm = CognitiveServicesManagementClient(_secret(secured), SUBSCRIPTION, **_arm_options(secured))
    endpoint = arm.accounts.get("emulator", "main").properties.endpoint
    assert endpoint == f"{secured.url}/main/"


def test_a_client_secret_signs_in_and_the_sdks_work(secured: Emulator) -> None:
    arm = CognitiveServicesManagementClient(_secret(secured), SUBSCRIPTION, **_arm_options(secured))
    assert [account.name for account in arm.accounts.list()] == ["main"]
    credential = _secret(secured)
    with DefaultHttpxClient(verify=trusting(secured), trust_env=False) as http_client:
        client = AzureOpenAI(
            azure_endpoint=f"{secured.url}/main/",
            api_version="2024-10-21",
            azure_ad_token_provider=lambda: credential.get_token("https://cognitiveservices.azure.com/.default").token,
            max_retries=0,
            http_client=http_client,
        )
        assert list(client.files.list().data) == []


def test_a_workload_identity_signs_in_with_the_token_of_its_file(secured: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "oidc"
    file.write_text(unsigned_token(sub="repo:acme/support", aud="api://AzureADTokenExchange"))
    credential = WorkloadIdentityCredential(
        tenant_id=TENANT,
        client_id=CLIENT_ID,
        token_file_path=str(file),
        authority=secured.url,
        disable_instance_discovery=True,
        connection_verify=str(secured.certificate),
    )
    assert credential.get_token(ARM).token.count(".") == 2


def test_a_store_serves_http_and_https_at_once(secured: Emulator, tmp_path: Path) -> None:
    with Emulator(tmp_path / "emulator.db") as plain:
        request = urllib.request.Request(
            f"{plain.url}/main/openai/files?api-version=2024-10-21", headers={"api-key": API_KEY}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def _secret(emulator: Emulator) -> ClientSecretCredential:
    return ClientSecretCredential(
        TENANT,
        CLIENT_ID,
        CLIENT_SECRET,
        authority=emulator.url,
        disable_instance_discovery=True,
        connection_verify=str(emulator.certificate),
    )


def _arm_options(emulator: Emulator) -> dict[str, object]:
    return {
        "base_url": emulator.url,
        "connection_verify": str(emulator.certificate),
        "polling_interval": 0.05,
        "use_env_settings": False,
        "credential_scopes": [ARM],
    }
