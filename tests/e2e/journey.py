"""One fine-tuning journey with whatever SDK versions this interpreter has; prints what happened as JSON.

Runs by itself in an environment that has no ftops. In: FTOPS_E2E_FACTS, the addresses and names of a running emulator.
Sign-in is by client secret and by a workload's token file over TLS, by managed identity over http.
"""

import json
import os
import time

import azure.mgmt.cognitiveservices as management
import openai
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku

FACTS = json.loads(os.environ["FTOPS_E2E_FACTS"])
ARM_SCOPE = "https://management.azure.com/.default"
DATA_SCOPE = "https://cognitiveservices.azure.com/.default"
ROW = {"messages": [{"role": "user", "content": "a question"}, {"role": "assistant", "content": "an answer"}]}
QUESTION = [{"role": "user", "content": "hello"}]


def trusting(kind):
    return kind(
        tenant_id=FACTS["tenant"],
        client_id=FACTS["client_id"],
        authority=FACTS["https"],
        disable_instance_discovery=True,
        connection_verify=FACTS["certificate"],
        **(
            {"client_secret": FACTS["client_secret"]}
            if kind is ClientSecretCredential
            else {"token_file_path": FACTS["token_file"]}
        ),
    )


def until(read, done):
    for _ in range(200):
        found = read()
        if found.status in done:
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found.status}")


def trained(client, model):
    rows = (json.dumps(ROW) + "\n").encode() * 12
    file = client.files.create(file=("train.jsonl", rows), purpose="fine-tune")
    file = until(lambda: client.files.retrieve(file.id), ("processed", "error"))
    job = client.fine_tuning.jobs.create(
        model=model, training_file=file.id, suffix="journey", seed=7, extra_body={"trainingType": "Standard"}
    )
    job = until(lambda: client.fine_tuning.jobs.retrieve(job.id), ("succeeded", "failed"))
    events = client.fine_tuning.jobs.list_events(job.id, limit=5).data
    checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
    listed = [found.id for found in client.fine_tuning.jobs.list(limit=5)]
    assert client.models.retrieve(job.fine_tuned_model).id == job.fine_tuned_model
    assert job.id in listed
    assert len(events) == 5
    assert checkpoints[0].step_number > checkpoints[-1].step_number
    assert client.files.content(job.result_files[0]).read().startswith(b"step,")
    return {"status": job.status, "tokens": job.trained_tokens, "model": job.fine_tuned_model}


def spoken(client, name):
    said = client.chat.completions.create(model=name, messages=QUESTION).choices[0].message.content
    stream = client.chat.completions.create(model=name, messages=QUESTION, stream=True)
    streamed = "".join(piece.choices[0].delta.content or "" for piece in stream if piece.choices)
    assert said == streamed
    return said


def deployed(arm, model, ask):
    group, account, name = FACTS["group"], "main", "journey"
    wanted = Deployment(
        sku=Sku(name="Standard", capacity=2),
        tags={"made-by": "journey"},
        properties=DeploymentProperties(model=DeploymentModel(format="OpenAI", name=model, version="1")),
    )
    made = arm.deployments.begin_create_or_update(group, account, name, wanted).result()
    state = getattr(made.properties.provisioning_state, "value", made.properties.provisioning_state)
    answers = [ask(name)]
    if hasattr(arm.deployments, "pause"):
        paused = arm.deployments.pause(group, account, name).properties.deployment_state
        assert getattr(paused, "value", paused) == "Paused"
        arm.deployments.resume(group, account, name)
    listed = [found.name for found in arm.deployments.list(group, account)]
    arm.deployments.begin_delete(group, account, name).result()
    try:
        arm.deployments.get(group, account, name)
    except ResourceNotFoundError as missing:
        gone = missing.error.code
    return {"state": state, "tags": dict(made.tags), "listed": listed, "answers": answers, "gone": gone}


def main():
    secret, workload = trusting(ClientSecretCredential), trusting(WorkloadIdentityCredential)
    managed = ManagedIdentityCredential()
    dated = openai.AzureOpenAI(
        azure_endpoint=FACTS["http"] + "/main/", api_version="2025-04-01-preview", api_key=FACTS["key"], max_retries=0
    )
    v1 = openai.OpenAI(base_url=FACTS["http"] + "/main/openai/v1/", api_key=FACTS["key"], max_retries=0)
    entra = openai.AzureOpenAI(
        azure_endpoint=FACTS["http"] + "/main/",
        api_version="2024-10-21",
        azure_ad_token_provider=lambda: managed.get_token(DATA_SCOPE).token,
        max_retries=0,
    )
    arm = management.CognitiveServicesManagementClient(
        secret,
        FACTS["subscription"],
        base_url=FACTS["https"],
        connection_verify=FACTS["certificate"],
        polling_interval=0.1,
        credential_scopes=[ARM_SCOPE],
    )
    jobs = {"dated": trained(dated, "gpt-4o-mini"), "v1": trained(v1, "gpt-4.1-nano-2025-04-14")}
    asked = deployed(arm, jobs["dated"]["model"], lambda name: [spoken(dated, name), spoken(v1, name)])
    try:
        dated.chat.completions.create(model="none", messages=QUESTION)
    except openai.NotFoundError as missing:
        code = missing.code
    report = {
        "versions": [openai.__version__, management.__version__],
        "jobs": jobs,
        "deployment": asked,
        "missing": code,
        "files_with_entra": len(entra.files.list().data),
        "workload_token": workload.get_token(ARM_SCOPE).token.count("."),
        "accounts": [found.name for found in arm.accounts.list()],
        "usages": len(list(arm.usages.list("eastus2"))) > 0,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
