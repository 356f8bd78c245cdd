"""The quota ledger, the rules of places and dates, and what ARM shows of them."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import DeploymentModel as Model
from azure.mgmt.cognitiveservices.models import ModelCapacityCalculatorWorkload as Workload
from azure.mgmt.cognitiveservices.models import ModelCapacityCalculatorWorkloadRequestParam as Parameters
from azure.mgmt.cognitiveservices.models import PatchResourceTagsAndSku, Sku

from ftops.emulator import arm_id
from tests.emulator.bench import Bench, deployment

BOT = "/accounts/main/deployments/bot"
NAME = "OpenAI.Standard.gpt-4o-mini"


def base(capacity: int = 1, sku: str = "Standard", model: str = "gpt-4o-mini", **model_fields: object) -> Any:
    fields = {"format": "OpenAI", "name": model, **model_fields}
    return {"sku": {"name": sku, "capacity": capacity}, "properties": {"model": fields}}


def limited(bench: Bench, limit: int) -> None:
    bench.profile(deployment_seconds=0, deployment_delete_seconds=0)
    assert bench.ask("PUT", "/_emulator/quota", {NAME: limit}).status == 200


def test_a_deployment_beyond_the_quota_is_refused_with_the_numbers(bench: Bench) -> None:
    limited(bench, 100)
    assert bench.resource("PUT", BOT, base(80)).status == 201
    refused = bench.resource("PUT", "/accounts/main/deployments/second", base(30))
    assert refused.status == 400
    assert refused.json["error"] == {
        "code": "InsufficientQuota",
        "message": "This operation require 30 new capacity in quota Tokens Per Minute (thousands) - gpt-4o-mini,"
        " which is bigger than the current available capacity 20. The current quota usage is 80 and the quota limit is"
        " 100 for quota Tokens Per Minute (thousands) - gpt-4o-mini.",
    }
    bench.profile(insufficient_quota_text="old")
    older = bench.resource("PUT", "/accounts/main/deployments/second", base(30))
    assert older.json["error"]["message"] == (
        "The specified capacity '30' of account deployment is bigger than available capacity '20' for UsageName"
        " 'Tokens Per Minute (thousands) - gpt-4o-mini'."
    )


def test_quota_is_counted_by_model_sku_and_region_over_all_accounts(bench: Bench) -> None:
    limited(bench, 10)
    assert bench.resource("PUT", BOT, base(10)).status == 201
    assert bench.resource("PUT", "/accounts/main/deployments/global", base(10, "GlobalStandard")).status == 201
    assert bench.resource("PUT", "/accounts/main/deployments/model", base(10, model="gpt-4o")).status == 201
    assert bench.resource("PUT", "/accounts/other/deployments/elsewhere", base(10)).status == 201
    near = {"kind": "OpenAI", "location": "eastus2", "sku": {"name": "S0"}}
    bench.resource("PUT", "/accounts/near", near)
    bench.advance(1)
    refused = bench.resource("PUT", "/accounts/near/deployments/bot", base(1))
    assert refused.json["error"]["code"] == "InsufficientQuota"


def test_more_capacity_needs_quota_for_the_difference_only(
    bench: Bench, arm: CognitiveServicesManagementClient
) -> None:
    limited(bench, 10)
    bench.resource("PUT", BOT, base(8))
    assert bench.resource("PUT", BOT, base(10)).status == 200
    with pytest.raises(HttpResponseError) as refused:
        arm.deployments.begin_update(
            "emulator", "main", "bot", PatchResourceTagsAndSku(sku=Sku(name="Standard", capacity=11))
        )
    assert refused.value.error.code == "InsufficientQuota"
    assert bench.resource("GET", BOT).json["sku"]["capacity"] == 10


def test_quota_comes_back_some_seconds_after_a_delete(bench: Bench) -> None:
    limited(bench, 10)
    bench.resource("PUT", BOT, base(10))
    assert bench.resource("DELETE", BOT).status == 202
    assert bench.resource("PUT", BOT, base(1)).json["error"]["code"] == "InsufficientQuota"
    bench.advance(19)
    assert bench.resource("PUT", BOT, base(1)).json["error"]["code"] == "InsufficientQuota"
    bench.advance(2)
    assert bench.resource("PUT", BOT, base(10)).status == 201


def test_a_soft_deleted_account_holds_its_quota_until_it_is_purged(bench: Bench) -> None:
    limited(bench, 10)
    bench.resource("PUT", "/accounts/near", {"kind": "OpenAI", "location": "eastus2", "sku": {"name": "S0"}})
    bench.advance(1)
    bench.resource("PUT", BOT, base(10))
    bench.resource("DELETE", "/accounts/main")
    bench.advance(3600)
    there = "/accounts/near/deployments/bot"
    assert bench.resource("PUT", there, base(10)).json["error"]["code"] == "InsufficientQuota"
    bench.advance(2 * 86_400)
    assert bench.resource("PUT", there, base(10)).status == 201


def test_usages_show_what_deployments_use(bench: Bench, arm: CognitiveServicesManagementClient) -> None:
    limited(bench, 100)
    bench.resource("PUT", BOT, base(7))
    found = {usage.name.value: usage for usage in arm.usages.list("eastus2")}
    assert (found[NAME].current_value, found[NAME].limit, found[NAME].unit) == (7, 100, "Count")
    assert found[NAME].name.localized_value == "Tokens Per Minute (thousands) - gpt-4o-mini"
    assert len(found) > 20
    (one,) = arm.usages.list("swedencentral", filter=f"name.value eq '{NAME}'")
    assert (one.current_value, one.limit) == (0, 100)
    assert [usage.current_value for usage in arm.accounts.list_usages("emulator", "main").value if usage.current_value]


def test_model_capacities_follow_the_ledger_and_page(bench: Bench, arm: CognitiveServicesManagementClient) -> None:
    limited(bench, 100)
    bench.resource("PUT", BOT, base(40))
    bench.profile(arm_page_size=40)
    asked = {"model_format": "OpenAI", "model_name": "gpt-4o-mini", "model_version": "2024-07-18"}
    here = {item.name: item.properties for item in arm.location_based_model_capacities.list("eastus2", **asked)}
    assert here["Standard"].available_capacity == here["Standard"].available_finetune_capacity == 60
    assert "DeveloperTier" not in here
    everywhere = {(item.location, item.name) for item in arm.model_capacities.list(**asked)}
    assert {("eastus2", "Standard"), ("swedencentral", "GlobalStandard")} <= everywhere


def test_the_capacity_calculator_answers(arm: CognitiveServicesManagementClient) -> None:
    needed = arm.calculate_model_capacity(
        model=Model(format="OpenAI", name="gpt-4o-mini", version="2024-07-18"),
        sku_name="Standard",
        workloads=[
            Workload(
                request_per_minute=10,
                request_parameters=Parameters(avg_prompt_tokens=900, avg_generated_tokens=100),
            )
        ],
    )
    assert (needed.sku_name, needed.estimated_capacity.value) == ("Standard", 10)


@pytest.mark.parametrize("limit", [-1, "many", 1.5, True])
def test_an_unusable_limit_is_refused(bench: Bench, limit: object) -> None:
    assert bench.ask("PUT", "/_emulator/quota", {NAME: limit}).status == 400


def test_regional_rules_are_a_switch(bench: Bench) -> None:
    model = bench.trained()
    bench.profile(regional_rules=True)
    refused = bench.resource("PUT", BOT, deployment(model))  # eastus2 trains gpt-4o-mini, but does not deploy Standard
    assert refused.json["error"]["code"] == "DeploymentModelNotSupported"
    there = deployment(model)
    there["properties"]["model"]["source"] = arm_id("main")  # type: ignore[index]
    assert bench.resource("PUT", "/accounts/other/deployments/bot", there).status == 201
    assert bench.resource("PUT", BOT, deployment(model, name="GlobalStandard")).status == 201


def test_retirement_is_a_switch(bench: Bench) -> None:
    model = bench.trained()
    bench.profile(retirements=True, deployment_seconds=0)
    gone = bench.resource("PUT", BOT, base())
    assert (gone.status, gone.json["error"]["code"]) == (400, "ServiceModelDeprecated")
    assert bench.resource("PUT", BOT, deployment(model)).status == 201
    bench.advance(365 * 86_400)
    ended = bench.resource("PUT", "/accounts/main/deployments/late", deployment(model))
    assert ended.json["error"]["code"] == "ServiceModelDeprecated"


def test_an_account_of_kind_openai_deploys_no_open_weight_models(bench: Bench) -> None:
    bench.resource("PUT", "/accounts/plain", {"kind": "OpenAI", "location": "eastus2", "sku": {"name": "S0"}})
    bench.advance(1)
    body = base(sku="GlobalStandard", model="Qwen3-32B", format="Alibaba")
    refused = bench.resource("PUT", "/accounts/plain/deployments/bot", body)
    assert refused.json["error"]["code"] == "DeploymentModelNotSupported"
    assert bench.resource("PUT", BOT, body).status == 201


def test_the_wrong_format_of_an_open_weight_model_is_a_bare_500(bench: Bench) -> None:
    broken = bench.resource("PUT", BOT, base(sku="GlobalStandard", model="Qwen3-32B", format="alibaba"))
    assert (broken.status, broken.json) == (500, {})


def test_a_source_account_of_another_tenant_needs_its_token_too(bench: Bench) -> None:
    model = bench.trained()
    body = deployment(model)
    body["properties"]["model"]["sourceAccount"] = arm_id("main")  # type: ignore[index]
    there = "/accounts/other/deployments/bot"
    alone = bench.resource("PUT", there, body)
    assert (alone.status, alone.json["error"]["code"]) == (403, "LinkedAuthorizationFailed")
    token = f"Bearer {bench.token()}"
    both = bench.ask(
        "PUT",
        f"{arm_id('other')}/deployments/bot?api-version=2025-09-01",
        body,
        Authorization=token,
        x_ms_authorization_auxiliary=token,
    )
    assert both.status == 201
