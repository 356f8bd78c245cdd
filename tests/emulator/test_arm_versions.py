"""What each api-version of ARM has, and what lies above accounts."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

from ftops.emulator import SUBSCRIPTION, TENANT
from tests.emulator.bench import Bench, Reply

BOT = "/accounts/main/deployments/bot"
ABOVE = f"/subscriptions/{SUBSCRIPTION}"
PROVIDED = f"{ABOVE}/providers/Microsoft.CognitiveServices"
PAUSING = "2026-09-15-preview"
CHAT = {"model": "bot", "messages": [{"role": "user", "content": "hi"}]}


def base(**properties: object) -> dict[str, Any]:
    model = {"format": "OpenAI", "name": "gpt-4o-mini"}
    return {"sku": {"name": "Standard"}, "properties": {"model": model, **properties}}


def get(bench: Bench, path: str, version: str = "2025-09-01", method: str = "GET") -> Reply:
    return bench.ask(method, f"{path}?api-version={version}", Authorization=f"Bearer {bench.token()}")


@pytest.mark.parametrize(
    ("member", "value", "before", "since"),
    [
        ("spilloverDeploymentName", "big", "2024-06-01-preview", "2024-10-01"),
        ("serviceTier", "Priority", "2025-10-01-preview", "2026-03-01"),
        ("deploymentState", "Running", "2025-09-01", "2026-03-01"),
        ("costControlIds", ["one"], "2026-07-15-preview", "2026-09-15-preview"),
    ],
)
def test_a_property_is_unknown_before_its_version(
    bench: Bench, member: str, value: object, before: str, since: str
) -> None:
    early = bench.resource("PUT", BOT, base(**{member: value}), version=before)
    assert (early.status, early.json["error"]["code"]) == (400, "InvalidRequestContent")
    assert f"'{member}'" in early.json["error"]["message"]
    made = bench.resource("PUT", BOT, base(**{member: value}), version=since)
    assert made.json["properties"][member] == value
    assert member not in bench.resource("GET", BOT, version=before).json["properties"]


def test_the_publisher_of_a_model_came_later(bench: Bench) -> None:
    body = base()
    body["properties"]["model"]["publisher"] = "OpenAI"
    assert bench.resource("PUT", BOT, body, version="2023-05-01").status == 400
    assert bench.resource("PUT", BOT, body, version="2024-10-01").status == 201


@pytest.mark.parametrize("option", ["OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"])
def test_the_upgrade_option_is_kept(bench: Bench, option: str) -> None:
    made = bench.resource("PUT", BOT, base(versionUpgradeOption=option))
    assert made.json["properties"]["versionUpgradeOption"] == option


@pytest.mark.parametrize(("capacity", "status"), [("3", 201), ("three", 400), ("", 400), (3.5, 400), (True, 400)])
def test_a_capacity_may_come_as_digits_the_way_the_azure_cli_sends_it(
    bench: Bench, capacity: object, status: int
) -> None:
    made = bench.resource("PUT", BOT, {**base(), "sku": {"name": "Standard", "capacity": capacity}})
    assert made.status == status
    if status == 201:
        assert made.json["sku"]["capacity"] == 3


@pytest.mark.parametrize("member", ["versionUpgradeOption", "deploymentState", "serviceTier"])
def test_an_enumeration_has_its_values_and_no_others(bench: Bench, member: str) -> None:
    assert bench.resource("PUT", BOT, base(**{member: "Sometimes"}), version=PAUSING).status == 400


def test_a_paused_deployment_answers_423_until_it_is_resumed(bench: Bench) -> None:
    bench.profile(deployment_seconds=0)
    bench.resource("PUT", BOT, base())
    for _ in range(2):
        paused = bench.resource("POST", f"{BOT}/pause", version=PAUSING)
        assert (paused.status, paused.json["properties"]["deploymentState"]) == (200, "Paused")
    assert bench.data("POST", "/openai/v1/chat/completions", CHAT).status == 423
    assert "deploymentState" not in bench.resource("GET", BOT).json["properties"]
    resumed = bench.resource("POST", f"{BOT}/resume", version=PAUSING)
    assert resumed.json["properties"]["deploymentState"] == "Running"
    assert bench.data("POST", "/openai/v1/chat/completions", CHAT).status == 200


def test_pausing_exists_in_one_version_and_for_token_billed_skus(bench: Bench) -> None:
    bench.profile(deployment_seconds=0)
    bench.resource("PUT", BOT, {**base(), "sku": {"name": "ProvisionedManaged", "capacity": 15}})
    assert bench.resource("POST", f"{BOT}/pause", version="2026-03-01").status == 404
    refused = bench.resource("POST", f"{BOT}/pause", version=PAUSING)
    assert (refused.status, refused.json["error"]["code"]) == (400, "OperationNotSupported")
    assert bench.resource("POST", "/accounts/main/deployments/none/pause", version=PAUSING).status == 404


def test_the_skus_a_deployment_could_have(bench: Bench, arm: CognitiveServicesManagementClient) -> None:
    bench.profile(deployment_seconds=0)
    bench.deployed("bot", bench.trained(model="gpt-4.1-nano"))
    found = {entry.sku.name: entry.capacity for entry in arm.deployments.list_skus("emulator", "main", "bot")}
    assert set(found) == {"Standard", "DataZoneStandard", "GlobalStandard", "DeveloperTier"}
    assert (found["Standard"].minimum, found["Standard"].default) == (1, 1)


def test_resource_types_that_came_later_are_not_found_before(bench: Bench) -> None:
    early = get(bench, f"{PROVIDED}/quotaTiers", "2025-09-01")
    assert (early.status, early.json["error"]["code"]) == (404, "InvalidResourceType")
    assert get(bench, f"{PROVIDED}/quotaTiers/default", "2025-10-01-preview").json["name"] == "default"
    assert get(bench, f"{PROVIDED}/modelCapacities", "2024-04-01-preview").status == 404


@pytest.mark.parametrize("version", ["2024-10-21", "2024-02-01", "2031-01-01", "preview"])
def test_a_version_of_another_plane_or_of_nobody_is_refused(bench: Bench, version: str) -> None:
    refused = get(bench, f"{PROVIDED}/accounts", version)
    assert (refused.status, refused.json["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert "2025-09-01" in refused.json["error"]["message"]


def test_models_of_a_location_carry_skus_dates_and_meters(bench: Bench, arm: CognitiveServicesManagementClient) -> None:
    found = {(item.kind, item.model.name, item.model.version): item.model for item in arm.models.list("eastus2")}
    nano = found["OpenAI", "gpt-4.1-nano", "2025-04-14"]
    assert (nano.is_default_version, nano.lifecycle_status) == (True, "GenerallyAvailable")
    assert nano.finetune_capabilities == {"supervised": "true", "dpo": "true"}
    standard = next(sku for sku in nano.skus if sku.name == "Standard")
    assert standard.usage_name == "OpenAI.Standard.gpt-4.1-nano"
    assert standard.capacity.maximum == 10_000
    assert standard.cost[0].meter_id.count("-") == 4
    assert nano.deprecation.inference.startswith("2026-10-14")
    assert ("OpenAI", "Qwen3-32B", "1") not in found
    assert ("AIServices", "Qwen3-32B", "1") in found


def test_models_of_an_account_include_what_it_trained(bench: Bench, arm: CognitiveServicesManagementClient) -> None:
    model = bench.trained()
    bench.profile(arm_page_size=4)
    found = {item.name: item for item in arm.accounts.list_models("emulator", "main")}
    assert found[model].base_model.name == "gpt-4o-mini"
    assert found[model].version == "1"
    assert model not in {item.name for item in arm.accounts.list_models("emulator", "other")}


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/subscriptions", "2022-12-01"),
        (ABOVE, "2016-06-01"),
        (f"{ABOVE}/locations", "2022-12-01"),
        ("/tenants", "2022-12-01"),
        (f"{ABOVE}/resourceGroups", "2021-04-01"),
        (f"{ABOVE}/resourcegroups/emulator", "2021-04-01"),
        (f"{ABOVE}/resources", "2021-04-01"),
        (PROVIDED, "2021-04-01"),
    ],
)
def test_what_lies_above_accounts_has_versions_of_its_own(bench: Bench, path: str, version: str) -> None:
    assert get(bench, path, version).status == 200
    assert get(bench, path, "latest").status == 400


def test_the_subscription_and_its_tenant(bench: Bench) -> None:
    (subscription,) = get(bench, "/subscriptions", "2022-12-01").json["value"]
    assert (subscription["subscriptionId"], subscription["tenantId"]) == (SUBSCRIPTION, TENANT)
    assert (subscription["state"], subscription["displayName"]) == ("Enabled", "Emulator")
    names = [entry["name"] for entry in get(bench, f"{ABOVE}/resources", "2021-04-01").json["value"]]
    assert names == ["main", "other"]
    assert get(bench, "/subscriptions/33333333-3333-3333-3333-333333333333", "2022-12-01").status == 404
