"""F: what changes it costs money, so these values are pinned, and what must not change it is tried."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.core.desired import DesiredFinetune
from tests.identity.specs_20 import TRAININGS, spec_text
from tests.loader.building import ROW, build, desired

GOLDEN = Path(__file__).parent / "golden.json"


def finetunes(root: Path, specs: str, data: Mapping[str, str | bytes] | None = None) -> dict[str, DesiredFinetune]:
    built = build(root, {"specs/a.yaml": specs, **(data or {})})
    return {finetune.address.name: finetune for finetune in desired(built).finetunes}


def one(specs: str, data: Mapping[str, str | bytes] | None = None) -> str:
    """F of the only finetune of these specs."""
    with tempfile.TemporaryDirectory() as folder:
        [finetune] = finetunes(Path(folder), "datasets: {t: {file: ../data/t.jsonl}}\n" + specs, data).values()
        return finetune.fingerprint


def test_f_and_t_of_twenty_trainings_are_pinned(tmp_path: Path) -> None:
    golden = json.loads(GOLDEN.read_text())
    found = finetunes(tmp_path, spec_text())
    assert len(TRAININGS) == 20
    assert {name: {"F": found[name].fingerprint, "T": found[name].token} for name in TRAININGS} == golden


def test_no_two_of_the_twenty_are_one_training() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert len({pair["F"] for pair in golden.values()}) == 20
    assert len({pair["T"] for pair in golden.values()}) == 20


PLAIN = "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t}}\n"


@pytest.mark.parametrize(
    "twin",
    [
        "finetunes: {renamed: {model: gpt-4o-mini-2024-07-18, training: t}}\n",
        "finetunes: {a: {training: t, model: gpt-4o-mini-2024-07-18}}\n",
        "# a comment\nfinetunes:\n  a:\n    model: 'GPT-4o-mini-2024-07-18'   # shouted\n    training: \"t\"\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {}}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {batch_size: auto}}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, method: supervised, rerun: 0, hold: false}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, training_tier: Standard, checkpoint: last}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, description: x, labels: {a: b}, protect: true}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, hold: true, gates: [], integrations: []}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, account: eu}}\n",
        'finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: "t", hyperparameters: {n_epochs: "auto"}}}\n',
    ],
)
def test_what_says_the_same_is_the_same_training(twin: str) -> None:
    assert one(twin) == one(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        "finetunes: {a: {model: gpt-4o-2024-08-06, training: t}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, validation: t}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, suffix: x}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, seed: 1}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, rerun: 1}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {n_epochs: 1}}}\n",
        "finetunes: {a: {model: gpt-4o-mini-2024-07-18, training: t, training_tier: GlobalStandard}}\n",
    ],
)
def test_what_says_something_else_is_another_training(other: str) -> None:
    assert one(other) != one(PLAIN)


def test_a_whole_float_is_its_integer() -> None:
    rate = "finetunes: {a: {model: babbage-002, training: t, hyperparameters: {learning_rate_multiplier: %s}}}\n"
    assert one(rate % "2") == one(rate % "2.0") == one(rate % "2e0") != one(rate % "2.5")


@pytest.mark.parametrize(
    "twin",
    [
        b"\xef\xbb\xbf" + (ROW * 12).encode(),
        (ROW * 12).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + (ROW * 12).replace("\n", "\r\n").encode(),
        (ROW * 12).rstrip("\n").encode(),
        (ROW * 12).encode() + b"\n\n",
        (ROW * 12).replace("\n", "\r\n").encode() + b"\r\n",
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "no final newline", "more final newlines", "a final CRLF more"],
)
def test_how_an_editor_saves_a_file_buys_nothing(twin: bytes) -> None:
    assert one(PLAIN, {"data/t.jsonl": twin}) == one(PLAIN)


def test_where_a_file_lies_and_what_it_is_called_buys_nothing(tmp_path: Path) -> None:
    moved = (
        "datasets: {other: {file: ../rows.jsonl}}\nfinetunes: {a: {model: gpt-4o-mini-2024-07-18, training: other}}\n"
    )
    assert finetunes(tmp_path, moved, {"rows.jsonl": ROW * 12})["a"].fingerprint == one(PLAIN)


def test_one_more_row_is_another_training() -> None:
    assert one(PLAIN, {"data/t.jsonl": ROW * 13}) != one(PLAIN)


def test_editing_one_link_changes_every_later_one_and_no_earlier_one(tmp_path: Path) -> None:
    chain = (
        "datasets: {t: {file: ../data/t.jsonl}, v: {file: ../data/v.jsonl}}\n"
        "finetunes:\n"
        "  a: {model: gpt-4o-mini-2024-07-18, training: t}\n"
        "  b: {continues: a, training: v}\n"
        "  c: {continues: b, training: t}\n"
    )
    before = finetunes(tmp_path / "before", chain)
    after = finetunes(tmp_path / "after", chain, {"data/v.jsonl": ROW.replace("q", "changed") * 20})
    changed = {name for name in before if before[name].fingerprint != after[name].fingerprint}
    assert changed == {"b", "c"}


def test_a_job_and_its_model_are_one_parent(tmp_path: Path) -> None:
    child = "datasets: {t: {file: ../data/t.jsonl}}\nfinetunes: {p: {existing: {%s}}, a: {continues: p, training: t}}\n"
    shared = "0123456789abcdef0123456789abcdef"
    by_job = finetunes(tmp_path / "job", child % f"job: ftjob-{shared}")["a"]
    by_model = finetunes(tmp_path / "model", child % f"model: gpt-4o-2024-08-06.ft-{shared}-x")["a"]
    by_checkpoint = finetunes(tmp_path / "step", child % f"model: 'gpt-4o-2024-08-06.ft-{shared}:ckpt-step-9'")["a"]
    assert by_job.fingerprint == by_model.fingerprint != by_checkpoint.fingerprint
    assert by_job.inputs["parent"] == f"job:{shared}"


said = st.fixed_dictionaries(
    {"model": st.just("gpt-4o-mini-2024-07-18"), "training": st.just("t")},
    optional={
        "suffix": st.sampled_from(["a", "support"]),
        "seed": st.integers(0, 5),
        "rerun": st.integers(0, 3),
        "method": st.just("supervised"),
        "training_tier": st.sampled_from(["Standard", "GlobalStandard"]),
        "hyperparameters": st.fixed_dictionaries(
            {},
            optional={
                "n_epochs": st.sampled_from(["auto", 1, 3]),
                "batch_size": st.sampled_from(["auto", 8]),
                "learning_rate_multiplier": st.sampled_from(["auto", 0.1, 2, 2.0]),
            },
        ),
    },
)
DEFAULTS = {"rerun": 0, "method": "supervised", "training_tier": "Standard"}


@settings(max_examples=40, deadline=None)
@given(said, st.randoms(use_true_random=False))
def test_key_order_and_spelled_out_defaults_never_change_f(spec: dict[str, object], random: object) -> None:
    names = list({**DEFAULTS, **spec})
    random.shuffle(names)  # type: ignore[attr-defined]
    spelled_out = {name: {**DEFAULTS, **spec}[name] for name in names}
    hyperparameters = dict(reversed(list(dict(spec.get("hyperparameters", {})).items())))  # type: ignore[call-overload]
    spelled_out["hyperparameters"] = {"n_epochs": "auto", "batch_size": "auto"} | hyperparameters
    text = "finetunes: {%s: %s}\n"
    assert one(text % ("a", json.dumps(spec))) == one(text % ("b", json.dumps(spelled_out)))
