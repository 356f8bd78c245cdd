"""What an edit of specs or data does, and what it never does: buy a training that was bought."""

from __future__ import annotations

from tests.acceptance.conftest import Team, chat_rows


def test_after_apply_there_is_nothing_to_do(chain: Team):
    assert chain.in_shape()


def test_editing_the_middle_of_a_chain_retrains_from_there_and_replaces_the_deployment(chain: Team):
    chain.write("data/middle.jsonl", chat_rows("refunds", rows=13))

    assert chain.outline() == {
        "dataset/middle": "create, spec",
        "dataset/middle (old)": "delete, orphan",
        "finetune/two": "replace, spec",
        "finetune/three": "replace, dependency",
        "deployment/bot": "replace, dependency",
    }
    chain.apply()
    assert chain.in_shape()
    assert len(chain.stranger().jobs()) == 5


def test_reverting_a_data_change_buys_nothing(chain: Team):
    before = chain.read("data/middle.jsonl")
    served = chain.stranger().deployments()["bot"]["properties"]["model"]["name"]
    chain.write("data/middle.jsonl", chat_rows("returns"))
    chain.apply()
    jobs = set(chain.stranger().jobs())
    chain.write("data/middle.jsonl", before)

    assert chain.plan()["summary"]["train"] == 0
    chain.apply()

    assert chain.in_shape()
    assert set(chain.stranger().jobs()) == jobs
    assert chain.stranger().deployments()["bot"]["properties"]["model"]["name"] == served


def test_renaming_entries_trains_nothing(chain: Team):
    text = chain.read("specs/chain.yaml")
    for before, after in (("one", "alpha"), ("two", "beta"), ("three", "gamma"), ("middle", "centre")):
        text = text.replace(f"{before}:", f"{after}:").replace(f": {before}", f": {after}")
    chain.write("specs/chain.yaml", text.replace("data/centre.jsonl", "data/middle.jsonl"))

    assert chain.plan()["summary"]["train"] == 0
    chain.apply()

    assert chain.in_shape()
    assert len(chain.stranger().jobs()) == 3


def test_line_ends_and_a_byte_order_mark_are_no_change(chain: Team):
    text = chain.read("data/first.jsonl")
    chain.write("data/first.jsonl", "\ufeff" + text.replace("\n", "\r\n").rstrip("\r\n"))

    assert chain.in_shape()


def test_comments_order_and_spelled_out_defaults_are_no_change(chain: Team):
    chain.write(
        "specs/chain.yaml",
        """\
        # The same, by somebody else.
        deployments:
          bot:
            rollout: recreate
            capacity: 5
            sku: Standard
            finetune: three
            checkpoint: last
        finetunes:
          three: {training: last, continues: two, hyperparameters: {n_epochs: auto, batch_size: auto}}
          two: {training: middle, continues: one, rerun: 0, hold: false}
          one:
            training: first
            method: supervised
            training_tier: Standard
            hyperparameters: {learning_rate_multiplier: auto}
            model: GPT-4o-mini-2024-07-18
        datasets:
          last: {file: ../data/last.jsonl, keep: always}
          middle: {file: "../data/middle.jsonl"}
          first: {file: ../data/../data/first.jsonl}
        """,
    )

    assert chain.in_shape()


def test_rerun_is_the_way_to_pay_again(chain: Team):
    chain.edit(
        "specs/chain.yaml",
        "three: {continues: two, training: last}",
        "three: {continues: two, training: last, rerun: 1}",
    )

    assert chain.outline() == {"finetune/three": "replace, spec", "deployment/bot": "replace, dependency"}
    chain.apply()
    assert len(chain.stranger().jobs()) == 4


def test_hold_keeps_serving_what_was_trained_while_the_data_moves_on(chain: Team):
    chain.edit(
        "specs/chain.yaml",
        "three: {continues: two, training: last}",
        "three: {continues: two, training: last, hold: true}",
    )
    chain.write("data/last.jsonl", chat_rows("delivery", rows=15))

    plan = chain.plan()

    assert plan["summary"]["train"] == 0
    three = next(change for change in plan["changes"] if change["address"] == "finetune/three")
    assert (three["action"], [field["effect"] for field in three["fields"]]) == ("keep", ["held"])


def test_protecting_a_deployment_is_an_edit_and_unprotecting_it_in_azure_is_drift(chain: Team):
    chain.edit("specs/chain.yaml", "capacity: 5}", "capacity: 5, protect: true}")

    assert chain.outline() == {"deployment/bot": "update, spec"}
    chain.apply()
    assert chain.in_shape()
    tags = chain.stranger().deployments()["bot"]["tags"]
    chain.stranger().tag("bot", {**tags, "ftops-protect": "false"})
    assert chain.outline() == {"deployment/bot": "update, drift"}
