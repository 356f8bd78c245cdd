"""What happens to a dataset's upload: every row of the table, in its own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ftops.core.change import Action, Cause, DeleteFile, Train, Upload
from ftops.core.identity import file_name
from tests.planner.support.world import World, change, outline


def one_training(**settings: Any) -> World:
    return World().dataset("data", **settings).finetune("v1", training="data")


def test_content_that_is_nowhere_is_uploaded_for_the_job_that_needs_it() -> None:
    upload = change(one_training().plan(), "dataset/data")

    assert (upload.action, upload.cause, upload.reason) == (Action.CREATE, Cause.SPEC, "not uploaded yet")
    assert isinstance(upload.act, Upload)
    assert upload.act.file_name == "ftops-3a6eb0790f39ac87c94f3856b2dd2c5d-bots-data.jsonl"
    assert upload.cost is None


def test_an_upload_with_the_same_content_is_kept_and_the_oldest_is_used() -> None:
    world = one_training().applied()
    first = world.file_of("data")
    world.azure.add_file("main", first.name, first.size_bytes or 0)

    assert outline(world.plan()) == []
    assert world.job_of("v1").training_file == "file-1"


def test_of_several_uploads_the_oldest_is_trained_on() -> None:
    world = one_training()
    world.round()
    world.azure.add_file("main", world.file_of("data").name, 1000, id="file-0", created_at=99)
    training = change(world.plan(), "finetune/v1").act

    assert isinstance(training, Train)
    assert training.training_file == "file-1"


def test_content_is_matched_on_its_hash_and_never_on_the_dataset_s_name() -> None:
    world = one_training().applied()
    world.specs.clear()
    world.dataset("renamed", content="data").finetune("v1", training="renamed")

    assert outline(world.plan()) == []


def test_equal_content_uploaded_by_another_project_is_used() -> None:
    world = one_training()
    world.azure.add_file("main", file_name(world.content("data").sha256, "others", "theirs"), 1000)

    assert outline(world.plan()) == [("finetune/v1", "create", "spec")]


def test_another_project_s_unfinished_or_broken_upload_is_neither_waited_for_nor_deleted() -> None:
    world = one_training()
    name = file_name(world.content("data").sha256, "others", "theirs")
    world.azure.add_file("main", name, 1000, status="pending")
    world.azure.add_file("main", name, 1000, status="error")

    assert outline(world.plan()) == [("dataset/data", "create", "spec"), ("finetune/v1", "create", "spec")]


def test_an_upload_that_is_still_checked_is_waited_for() -> None:
    world = one_training()
    world.azure.add_file("main", file_name(world.content("data").sha256, "bots", "data"), 1000, status="pending")

    assert outline(world.plan()) == [("dataset/data", "wait", "resume"), ("finetune/v1", "create", "spec")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "error", "detail": "line 3 is no JSON"}, "its upload file-1 ended as error: line 3 is no JSON"),
        ({"status": "error"}, "its upload file-1 ended as error"),
        ({"size_bytes": 999}, "its upload file-1 has 999 bytes, not 1000: it is not whole"),
    ],
)
def test_a_broken_upload_of_ours_is_replaced_and_deleted(fields: dict[str, Any], reason: str) -> None:
    world = one_training()
    ours = file_name(world.content("data").sha256, "bots", "data")
    world.azure.add_file("main", ours, **{"size_bytes": 1000, **fields})
    made = world.plan()

    assert outline(made) == [
        ("dataset/data", "replace", "drift"),
        ("dataset/data", "delete", "drift", "file-1"),
        ("finetune/v1", "create", "spec"),
    ]
    assert reason == change(made, "dataset/data").reason
    assert DeleteFile("file-1") == change(made, "dataset/data", subject="file-1").act
    assert outline(world.applied().plan()) == []


def test_a_file_the_service_is_deleting_is_as_good_as_gone() -> None:
    world = one_training()
    ours = file_name(world.content("data").sha256, "bots", "data")
    world.azure.add_file("main", ours, 1000, status="deleting")

    assert outline(world.plan()) == [("dataset/data", "create", "spec"), ("finetune/v1", "create", "spec")]


def test_a_file_for_another_purpose_is_no_upload() -> None:
    world = one_training()
    world.azure.add_file("main", file_name(world.content("data").sha256, "bots", "data"), 1000, purpose="batch")

    assert ("dataset/data", "create", "spec") in outline(world.plan())


def test_a_byte_order_mark_counts_where_the_account_gets_one() -> None:
    world = one_training()
    world.accounts["main"] = replace(world.accounts["main"], bom=True)
    world.azure.add_file("main", file_name(world.content("data").sha256, "bots", "data"), 1003)

    assert outline(world.plan()) == [("finetune/v1", "create", "spec")]


def test_a_size_the_service_does_not_tell_contradicts_nothing() -> None:
    world = one_training()
    world.azure.add_file("main", file_name(world.content("data").sha256, "bots", "data"), None)

    assert outline(world.plan()) == [("finetune/v1", "create", "spec")]


def test_an_upload_somebody_deleted_is_missing_and_made_again() -> None:
    world = one_training().applied()
    world.home().files.clear()

    assert outline(world.plan()) == [("dataset/data", "create", "missing")]


def test_a_deleted_upload_is_missing_also_by_the_job_alone_when_the_ledger_is_lost() -> None:
    world = one_training().applied().lose_ledger()
    world.home().files.clear()

    assert outline(world.plan()) == [("dataset/data", "create", "missing"), ("finetune/v1", "adopt", "spec")]


def test_a_deleted_upload_is_missing_also_by_the_ledger_alone() -> None:
    world = one_training()
    world.round()
    world.home().files.clear()

    assert outline(world.plan()) == [("dataset/data", "create", "missing"), ("finetune/v1", "create", "spec")]


def test_edited_content_is_uploaded_anew_and_the_old_upload_goes() -> None:
    world = one_training().applied().dataset("data", "other rows")
    made = world.plan()

    assert outline(made) == [
        ("dataset/data", "create", "spec"),
        ("dataset/data", "delete", "orphan", "file-1"),
        ("finetune/v1", "replace", "spec"),
    ]
    assert change(made, "dataset/data").reason == "its content changed"


def test_until_trained_is_uploaded_trained_on_and_deleted() -> None:
    world = one_training(keep="until_trained")

    first = world.round()
    assert change(first, "dataset/data").hazards == ("deleted-after-training",)
    second = world.round()
    assert change(second, "dataset/data").hazards == ("deleted-after-training",)
    world.finish_jobs()
    assert outline(world.round()) == [("dataset/data", "delete", "spec")]
    assert outline(world.plan()) == []
    assert world.home().files == {}


def test_until_trained_leaves_what_another_project_uploaded() -> None:
    world = one_training(keep="until_trained")
    world.azure.add_file("main", file_name(world.content("data").sha256, "others", "theirs"), 1000)
    world.applied()

    assert outline(world.plan()) == []
    assert list(world.home().files) == ["file-1"]


def test_until_trained_waits_for_a_foreign_job_that_reads_the_file() -> None:
    world = one_training(keep="until_trained")
    world.round()
    world.round()
    foreign = world.azure.add_job("main", training_file="file-1")
    world.azure.finish("main", world.job_of("v1").id)

    assert outline(world.plan()) == []
    world.azure.finish("main", foreign.id)
    assert outline(world.plan()) == [("dataset/data", "delete", "spec")]


def test_until_trained_stays_absent_while_its_only_job_is_blocked() -> None:
    world = one_training(keep="until_trained")
    world.round()
    world.round()
    world.azure.finish("main", world.job_of("v1").id, "failed", "bad data")
    world.home().files.clear()

    assert outline(world.plan()) == [("finetune/v1", "blocked", "spec")]


def test_until_trained_stays_while_another_environment_of_the_ledger_has_it() -> None:
    world = one_training(keep="until_trained")
    other = world.another(environment="prod").dataset("data").finetune("v1", training="data")
    world.round()
    other._hold(change(world.plan(), "dataset/data"), file_name=world.file_of("data").name)
    world.round()
    world.finish_jobs()

    assert outline(world.plan()) == []


def test_datasets_with_equal_content_share_one_upload() -> None:
    world = World().dataset("a", "same").dataset("b", "same")
    world.finetune("v1", training="a").finetune("v2", training="b", suffix="two")
    made = world.plan()

    assert outline(made) == [
        ("dataset/a", "create", "spec"),
        ("finetune/v1", "create", "spec"),
        ("finetune/v2", "create", "spec"),
    ]
    assert change(made, "dataset/b").reason == "same content as dataset/a: one upload serves both"
    assert [str(node) for node in change(made, "finetune/v2").needs] == ["dataset/a@main"]
    assert len(world.applied().home().files) == 1


def test_one_lasting_user_of_equal_content_keeps_the_upload() -> None:
    world = World().dataset("a", "same", keep="until_trained").dataset("b", "same")
    world.finetune("v1", training="a").finetune("v2", training="b", suffix="two").applied()

    assert outline(world.plan()) == []
    assert len(world.home().files) == 1


def test_an_environment_that_never_trains_uploads_nothing() -> None:
    world = World(train=False).dataset("data").finetune("v1", training="data")

    assert outline(world.plan()) == [("finetune/v1", "blocked", "spec")]
