"""Taking entries out, destroying, and everything that must stay untouched meanwhile."""

from __future__ import annotations

from tests.acceptance.conftest import Team, chat_rows


def test_removing_a_deployment_deletes_it_and_nothing_else(chain: Team):
    chain.edit("specs/chain.yaml", "deployments:\n  bot: {finetune: three, sku: Standard, capacity: 5}\n", "")

    assert chain.outline() == {"deployment/bot": "delete, orphan"}
    chain.apply()
    assert chain.stranger().deployments() == {}
    assert chain.in_shape()


def test_removing_the_end_of_a_chain_keeps_its_job_and_putting_it_back_is_free(chain: Team):
    whole = chain.read("specs/chain.yaml")
    text = whole.replace("  three: {continues: two, training: last}\n", "")
    text = text.replace("  last: {file: ../data/last.jsonl}\n", "").split("deployments:")[0]
    chain.write("specs/chain.yaml", text)

    assert chain.outline() == {
        "deployment/bot": "delete, orphan",
        "finetune/three": "forget, orphan",
        "dataset/last (old)": "delete, orphan",
    }
    chain.apply()
    assert [name for name in chain.stranger().files().values() if name.endswith("-last.jsonl")] == []

    chain.write("specs/chain.yaml", whole)
    assert chain.plan()["summary"]["train"] == 0
    chain.apply()
    assert chain.in_shape()
    assert len(chain.stranger().jobs()) == 3


def test_a_file_that_another_entry_still_uses_stays(chain: Team):
    chain.edit("specs/chain.yaml", "  last: {file: ../data/last.jsonl}\n", "  last: {file: ../data/first.jsonl}\n")
    chain.apply()
    chain.edit("specs/chain.yaml", "  first: {file: ../data/first.jsonl}\n", "  opening: {file: ../data/first.jsonl}\n")
    chain.edit("specs/chain.yaml", "training: first", "training: opening")

    assert chain.plan()["summary"]["delete"] == 0


def test_a_file_that_an_unfinished_job_reads_stays_until_the_job_has_ended(chain: Team):
    chain.profile(job_running_seconds=3600.0)
    (file_id,) = [id for id, name in chain.stranger().files().items() if name.endswith("-last.jsonl")]
    foreign = chain.stranger().train(file_id)
    chain.write("data/last.jsonl", chat_rows("delivery", rows=20))

    assert "dataset/last (old)" not in chain.outline()
    chain.stranger().openai.fine_tuning.jobs.cancel(foreign)
    assert chain.outline()["dataset/last (old)"] == "delete, orphan"


def test_destroy_leaves_nothing_of_ours_and_everything_of_others(chain: Team):
    stranger = chain.stranger()
    text = chat_rows("something else")
    foreign_files = {stranger.upload("their-own.jsonl", text), stranger.upload("ftops-notes.jsonl", text)}
    other_project = stranger.upload(f"ftops-{'ab' * 16}-larkspur-eu-train.jsonl", text)
    foreign_job = stranger.train(next(iter(foreign_files)), suffix="theirs")
    stranger.deploy("their-bot", "gpt-4o-mini", "2024-07-18")
    stranger.deploy(
        "eu-bot",
        "gpt-4o-mini",
        "2024-07-18",
        tags={"ftops-project": "larkspur-eu", "ftops-environment": "default", "ftops-address": "deployment/eu-bot"},
    )
    stranger.deploy(
        "staging-bot",
        "gpt-4o-mini",
        "2024-07-18",
        tags={"ftops-project": "larkspur", "ftops-environment": "staging", "ftops-address": "deployment/staging-bot"},
    )
    jobs = set(stranger.jobs())

    chain.ftops("destroy", "--auto-approve")

    assert set(stranger.deployments()) == {"their-bot", "eu-bot", "staging-bot"}
    assert set(stranger.files()) == {*foreign_files, other_project}
    assert set(stranger.jobs()) == jobs
    assert foreign_job in jobs
    assert chain.outline("--destroy") == {}


def test_models_go_between_deployments_and_files_where_the_service_can_delete_them(chain: Team):
    chain.profile(delete_model_route="works")

    chain.ftops("destroy", "--auto-approve", "--delete-models")

    models = [model.id for model in chain.stranger().openai.models.list().data if ".ft-" in model.id]
    assert (models, chain.stranger().deployments(), chain.stranger().files()) == ([], {}, {})


def test_a_protected_deployment_stops_destroy_before_anything_is_done(chain: Team):
    chain.edit("specs/chain.yaml", "capacity: 5}", "capacity: 5, protect: true}")
    chain.apply()
    files = chain.stranger().files()

    chain.ftops("destroy", "--auto-approve", exits=4)

    assert set(chain.stranger().deployments()) == {"bot"}
    assert chain.stranger().files() == files


def test_a_protected_deployment_refuses_to_be_replaced_by_a_change_far_up_the_chain(chain: Team):
    chain.edit("specs/chain.yaml", "capacity: 5}", "capacity: 5, protect: true}")
    chain.apply()
    chain.write("data/first.jsonl", chat_rows("opening hours", rows=20))

    chain.apply(exits=4)

    assert len(chain.stranger().jobs()) == 3
