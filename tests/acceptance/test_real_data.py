"""Public training files go the whole way: dataset, fine-tune, deployment, an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Team

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
#: Files with at least the ten rows that training needs, by the model that takes their shape.
FILES = {
    "chat/azureml_oai-v2_chat_train_CRLF.jsonl": "gpt-4o-mini-2024-07-18",
    "chat/foundry-samples_sft_training_set.jsonl": "gpt-4.1-2025-04-14",
    "chat/foundry_gsm8k_chat_train.jsonl": "gpt-4.1-mini-2025-04-14",
    "chat/mslearn_travel-finetune-hotel.jsonl": "gpt-4.1-nano-2025-04-14",
    "chat/packt_training_set.jsonl": "gpt-4o-2024-08-06",
    "completion/azure-samples_context_switching_train.jsonl": "babbage-002",
    "completion/azureml_oai-v1_train.jsonl": "davinci-002",
    "tools/azureai-samples_stock-train-hallucination_functions.jsonl": "gpt-4o-mini-2024-07-18",
    "tools/foundry_stock_toolcall_training.jsonl": "gpt-4.1-mini-2025-04-14",
    "tools/openai-cookbook_drone_training.jsonl": "gpt-4o-mini-2024-07-18",
}


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data set folder is not beside the repository")
def test_real_training_files_go_from_dataset_to_an_answer(team: Team):
    names = {file: file.split("/")[1].removesuffix(".jsonl")[:40] for file in FILES}
    datasets, finetunes, deployments = "", "", ""
    for file, model in FILES.items():
        name = names[file]
        (team.directory / "data").mkdir(exist_ok=True)
        (team.directory / "data" / f"{name}.jsonl").write_bytes((DATA / file).read_bytes())
        datasets += f"  {name}: {{file: ../data/{name}.jsonl}}\n"
        finetunes += f"  {name}: {{model: {model}, training: {name}}}\n"
        deployments += f"  {name}: {{finetune: {name}, sku: Standard, capacity: 1}}\n"
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    team.write("specs/all.yaml", f"datasets:\n{datasets}finetunes:\n{finetunes}deployments:\n{deployments}")
    team.ftops("ledger", "init", "--nothing-in-flight")

    team.apply()

    assert team.in_shape()
    models = {name: d["properties"]["model"]["name"] for name, d in team.stranger().deployments().items()}
    assert set(models) == set(names.values())
    for name, model in models.items():
        assert team.ftops("ask", name, "Is anybody there?").startswith(f"[{model}]")


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data set folder is not beside the repository")
def test_the_line_end_twins_of_a_public_file_are_one_upload_and_one_training(team: Team):
    for ending in ("LF", "CRLF"):
        source = DATA / "chat" / f"azureml_oai-v2_chat_train_{ending}.jsonl"
        team.write(f"data/{ending}.jsonl", source.read_bytes().decode())
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    specs = """\
        datasets:
          train: {file: ../data/LF.jsonl}
        finetunes:
          tuned: {model: gpt-4o-mini-2024-07-18, training: train}
        """
    team.write("specs/all.yaml", specs)
    team.ftops("ledger", "init", "--nothing-in-flight")
    team.apply()
    team.edit("specs/all.yaml", "LF.jsonl", "CRLF.jsonl")

    assert team.in_shape()
