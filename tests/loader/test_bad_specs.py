"""Bad specs are told with file, line and column; nothing but SpecErrors ever leaves the loader."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.core.errors import SpecErrors
from ftops.loader import load, load_project
from ftops.loader.codes import CODES
from tests.loader.bad_specs.projects import BAD_PROJECTS
from tests.loader.bad_specs.table import BAD_SPECS, BadSpec
from tests.loader.building import FTOPS_YAML, ROW, build, diagnostics, told


def placed(expected: tuple[str, ...], file: str) -> list[str]:
    return [text if "/" in text.split(" ")[0] else f"{file}:{text}" for text in expected]


@pytest.mark.parametrize("bad", BAD_SPECS, ids=lambda bad: bad.name)
def test_every_error_of_a_bad_spec_has_its_place(bad: BadSpec, tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/bad.yaml": bad.text})
    assert placed(bad.expected, "specs/bad.yaml") == told(diagnostics(root))


@pytest.mark.parametrize("bad", BAD_PROJECTS, ids=lambda bad: bad.name)
def test_every_error_of_a_bad_project_has_its_place(bad: BadSpec, tmp_path: Path) -> None:
    root = build(tmp_path, {}, ftops_yaml=bad.text)
    assert placed(bad.expected, "ftops.yaml") == told(diagnostics(root))


def test_there_are_more_than_two_hundred_bad_specs_and_none_twice() -> None:
    assert len(BAD_SPECS) >= 200
    assert len({bad.name for bad in BAD_SPECS}) == len(BAD_SPECS)
    assert len({bad.text for bad in BAD_SPECS}) == len(BAD_SPECS)


@pytest.mark.parametrize("bad", [*BAD_SPECS, *BAD_PROJECTS], ids=lambda bad: bad.name)
def test_every_message_is_a_sentence_of_ours(bad: BadSpec, tmp_path: Path) -> None:
    specs, project = ({}, bad.text) if bad in BAD_PROJECTS else ({"specs/bad.yaml": bad.text}, FTOPS_YAML)
    for problem in diagnostics(build(tmp_path, specs, ftops_yaml=project)):
        assert problem.code in CODES
        assert problem.position is not None
        assert problem.summary
        assert not problem.summary.endswith(".")
        assert "pydantic" not in (problem.summary + problem.hint)
        assert "Input should" not in problem.summary


def test_the_caret_line_is_the_line_of_the_error(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/bad.yaml": "datasets:\n  t:\n    file: ../data/t.jsonl\n    protekt: true\n"})
    [problem] = diagnostics(root)
    assert (problem.excerpt, problem.position, problem.hint) == (
        "    protekt: true",
        ("specs/bad.yaml", 4, 5),
        "did you mean `protect`?",
    )


def test_all_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    root = build(
        tmp_path,
        {
            "specs/a.yaml": "datasets: {t: {file: [}}\nfinetunes: }\n",
            "specs/b.yaml": "datasets: {t: {fil: ../data/t.jsonl}}\n",
            "specs/deep/c.yml": "deployments: {bot: {finetune: nobody, sku: Standard}}\n",
        },
    )
    assert told(diagnostics(root)) == [
        "specs/a.yaml:1:23 yaml.syntax",
        "specs/b.yaml:1:16 spec.unknown-key",
        "specs/deep/c.yml:1:31 spec.dangling-reference",
    ]


def test_names_are_unique_across_files(tmp_path: Path) -> None:
    entry = "datasets: {t: {file: ../data/t.jsonl}}\n"
    root = build(tmp_path, {"specs/a.yaml": entry, "specs/b.yaml": entry, "specs/c.yaml": entry.replace("t:", "T:", 1)})
    [twice, twin] = [d for d in diagnostics(root) if d.severity == "error"]
    assert (str(twice.position), twice.code) == ("specs/b.yaml:1:12", "spec.duplicate-name")
    assert twice.summary == "dataset/t is declared twice, first at specs/a.yaml:1:12"
    assert (str(twin.position), twin.code) == ("specs/c.yaml:1:12", "spec.case-twin")


def test_a_circle_is_spelled_out(tmp_path: Path) -> None:
    text = "finetunes:\n  a: {continues: b, training: t}\n  b: {continues: a, training: t}\n"
    root = build(tmp_path, {"specs/a.yaml": "datasets: {t: {file: ../data/t.jsonl}}\n", "specs/b.yaml": text})
    [problem] = diagnostics(root)
    assert problem.summary == "finetunes continue each other in a circle: a → b → a"


def test_a_variable_that_cannot_be_replaced_causes_no_second_error(tmp_path: Path) -> None:
    text = 'finetunes: {a: {continues: "${var.x}", training: "${var.y}", rerun: "${var.z}"}}\n'
    assert told(diagnostics(build(tmp_path, {"specs/a.yaml": text}))) == [
        "specs/a.yaml:1:28 variable.undefined",
        "specs/a.yaml:1:50 variable.undefined",
        "specs/a.yaml:1:69 variable.undefined",
    ]


def test_a_key_that_was_pasted_into_ftops_yaml_is_not_shown_again(tmp_path: Path) -> None:
    secret = "0123456789abcdef0123456789ABCDEF"
    account = "subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai"
    for mistake in (f"key: {secret}", f"auth: key, key_env: '{secret}'", f"api_key: {secret}", f"key_env: x{secret}"):
        text = f"project: p\naccounts: {{main: {{{account}, {mistake}}}}}\n"
        found = diagnostics(build(tmp_path, {}, ftops_yaml=text))
        assert found
        assert secret not in repr(found)


NESTED = {
    "lists": b"[" * 100_000,
    "closed lists": b"[" * 100_000 + b"]" * 100_000,
    "mappings": b"{a: " * 100_000,
    "mappings as keys": b"{" * 100_000,
    "block lists": b"- " * 100_000,
    "explicit keys": b"? " * 100_000,
    "block mappings": b"".join(b" " * depth + b"a:\n" for depth in range(400)),
}


@pytest.mark.parametrize("shape", NESTED)
def test_deep_nesting_is_refused_before_it_is_built(shape: str, tmp_path: Path) -> None:
    [problem] = diagnostics(build(tmp_path, {"specs/deep.yaml": NESTED[shape]}))
    assert problem.code in ("yaml.too-deep", "yaml.key-not-text", "yaml.syntax")
    assert problem.position is not None
    assert problem.position.file == "specs/deep.yaml"


def test_32_levels_are_allowed_and_33_are_not(tmp_path: Path) -> None:
    def nested(levels: int) -> str:
        return "x: " + "[" * (levels - 1) + "]" * (levels - 1)

    assert told(diagnostics(build(tmp_path, {"specs/a.yaml": nested(32)}))) == ["specs/a.yaml:1:1 spec.unknown-key"]
    assert told(diagnostics(build(tmp_path, {"specs/a.yaml": nested(33)}))) == ["specs/a.yaml:1:35 yaml.too-deep"]


def test_a_file_beyond_four_mebibytes_needs_large(tmp_path: Path) -> None:
    text = b"#" + b"x" * (4 << 20) + b"\n"
    root = build(tmp_path, {"specs/a.yaml": text})
    assert told(diagnostics(root)) == ["specs/a.yaml:1:1 yaml.too-large"]
    assert load(load_project(root), large=True).emptied


def test_a_file_beyond_250000_nodes_needs_large(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": "x: [" + "1," * 250_000 + "]\n"})
    assert told(diagnostics(root)) == ["specs/a.yaml:1:499999 yaml.too-large"]
    with pytest.raises(SpecErrors) as raised:
        load(load_project(root), large=True)
    assert [d.code for d in raised.value.diagnostics] == ["spec.unknown-key"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"datasets: {}\n\xff\n", "2:1 yaml.not-utf8"),
        (b"datasets: {}\n# \xc3\xa9\xe9\n", "2:4 yaml.not-utf8"),
        (b"\xef\xbb\xbf# \xe9\n", "1:3 yaml.not-utf8"),
        ("datasets: {}\n".encode("utf-16"), "1:1 yaml.not-utf8"),
        (b"# \xed\xa0\x80\n", "1:3 yaml.not-utf8"),
        (b"datasets: {}\x00\n", "1:13 yaml.control-character"),
        (b"\x00" * 1000, "1:1 yaml.control-character"),
        ("# 😀\x00".encode(), "1:4 yaml.control-character"),
    ],
)
def test_bytes_that_are_not_text_are_refused_at_their_place(raw: bytes, expected: str, tmp_path: Path) -> None:
    assert told(diagnostics(build(tmp_path, {"specs/a.yaml": raw}))) == [f"specs/a.yaml:{expected}"]
    assert told(diagnostics(build(tmp_path / "p", {}, ftops_yaml=raw))) == [f"ftops.yaml:{expected}"]


def test_a_byte_order_mark_moves_no_column(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": b"\xef\xbb\xbfdatasets: {t: {file: nowhere}}\n"})
    assert told(diagnostics(root)) == ["specs/a.yaml:1:22 dataset.missing"]


def test_a_directory_where_a_spec_file_should_be(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/bad.yaml/inner.yaml": "datasets: {}\n"})
    assert told(diagnostics(root)) == ["specs/bad.yaml:1:1 yaml.unreadable"]


def test_a_directory_where_ftops_yaml_should_be(tmp_path: Path) -> None:
    (tmp_path / "ftops.yaml").mkdir()
    assert told(diagnostics(tmp_path)) == ["ftops.yaml:1:1 yaml.unreadable"]


def test_a_named_pipe_as_a_spec_does_not_hang(tmp_path: Path) -> None:
    root = build(tmp_path, {})
    os.mkfifo(root / "specs" / "pipe.yaml")
    assert told(diagnostics(root)) == ["specs/pipe.yaml:1:1 yaml.unreadable"]


def test_a_spec_that_is_a_link_out_of_the_project(tmp_path: Path) -> None:
    root = build(tmp_path / "project", {})
    (tmp_path / "other.yaml").write_text("datasets: {}\n")
    (root / "specs" / "link.yaml").symlink_to(tmp_path / "other.yaml")
    assert told(diagnostics(root)) == ["specs/link.yaml:1:1 project.outside-project"]


def test_a_spec_that_is_a_link_to_nothing(tmp_path: Path) -> None:
    root = build(tmp_path, {})
    (root / "specs" / "link.yaml").symlink_to("nowhere.yaml")
    assert told(diagnostics(root)) == ["specs/link.yaml:1:1 yaml.unreadable"]


def test_a_dataset_that_is_a_link_out_of_the_project(tmp_path: Path) -> None:
    root = build(tmp_path / "project", {"specs/a.yaml": "datasets: {x: {file: ../data/x.jsonl}}\n"})
    (tmp_path / "secret.jsonl").write_text(ROW * 12)
    (root / "data" / "x.jsonl").symlink_to(tmp_path / "secret.jsonl")
    assert told(diagnostics(root)) == ["specs/a.yaml:1:22 dataset.outside-project"]


def test_a_dataset_through_a_linked_folder_out_of_the_project(tmp_path: Path) -> None:
    root = build(tmp_path / "project", {"specs/a.yaml": "datasets: {x: {file: ../data/far/x.jsonl}}\n"})
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "x.jsonl").write_text(ROW * 12)
    (root / "data" / "far").symlink_to(tmp_path / "far", target_is_directory=True)
    assert told(diagnostics(root)) == ["specs/a.yaml:1:22 dataset.outside-project"]


def test_a_dataset_that_is_a_link_inside_of_the_project_is_fine(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": "datasets: {x: {file: ../data/x.jsonl}}\n"})
    (root / "data" / "x.jsonl").symlink_to("t.jsonl")
    assert told(diagnostics(root)) == []


def test_a_dataset_in_a_circle_of_links(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": "datasets: {x: {file: ../data/a.jsonl}}\n"})
    (root / "data" / "a.jsonl").symlink_to("b.jsonl")
    (root / "data" / "b.jsonl").symlink_to("a.jsonl")
    assert told(diagnostics(root)) == ["specs/a.yaml:1:22 dataset.unreadable"]


def test_a_named_pipe_as_a_dataset_does_not_hang(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": "datasets: {x: {file: ../data/pipe.jsonl}}\n"})
    os.mkfifo(root / "data" / "pipe.jsonl")
    assert told(diagnostics(root)) == ["specs/a.yaml:1:22 dataset.not-a-file"]


def test_a_bad_row_is_told_at_its_place_in_the_data_and_never_shown(tmp_path: Path) -> None:
    rows = ROW * 3 + '{"messages": [}\n' + ROW + "[1]\n"
    specs = "datasets:\n  x: {file: ../data/x.jsonl}\n  y: {file: ../data/x.jsonl}\n"
    found = diagnostics(build(tmp_path, {"specs/a.yaml": specs, "data/x.jsonl": rows}))
    assert told(found) == ["data/x.jsonl:4:15 dataset.not-json", "data/x.jsonl:6:1 dataset.not-an-object"]
    assert {d.excerpt for d in found} == {""}
    assert "messages" not in repr(found)


def test_ten_thousand_dangling_references_are_all_told(tmp_path: Path) -> None:
    lines = [f"  f{i}: {{model: gpt-4.1-2025-04-14, training: d{i}}}" for i in range(10_000)]
    text = "finetunes:\n" + "\n".join(lines) + "\n"
    found = diagnostics(build(tmp_path, {"specs/a.yaml": text}))
    assert len(found) == 10_000
    assert {d.code for d in found} == {"spec.dangling-reference"}
