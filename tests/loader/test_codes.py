"""Every code is explained, and every explained code can happen."""

from __future__ import annotations

import re
from pathlib import Path

from ftops.loader.codes import CODES

ROOT = Path(__file__).parents[2] / "ftops"
CODE = re.compile(r'"((?:yaml|project|variable|spec|dataset)\.[a-z0-9-]+)"')


def used() -> set[str]:
    files = [*ROOT.glob("loader/*.py"), *ROOT.glob("kinds/*.py"), *ROOT.glob("datasets/*.py")]
    return {code for path in files if path.name != "codes.py" for code in CODE.findall(path.read_text())}


def test_every_code_that_is_used_is_explained_and_the_other_way_round() -> None:
    assert used() - {"ftops.yaml"} == set(CODES)


def test_every_explanation_is_one_sentence() -> None:
    for code, sentence in CODES.items():
        assert sentence[0].isupper() or sentence[0] in "`", code
        assert not sentence.endswith("."), code
