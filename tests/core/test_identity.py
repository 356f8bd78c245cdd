"""Identity: what Azure itself carries. These values are pinned: a change makes every user pay again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.core import identity

F = identity.fingerprint({"model": "gpt-4o-mini-2024-07-18", "training": "ab" * 32})


def test_fingerprint_token_and_seed_are_pinned() -> None:
    assert F == "7d59df48a29a8b2995c71bdcf4b5b5293104a3181da80868db300a062209f60c"
    assert identity.token(F) == "rblwdboobk"
    assert identity.seed(F) == 1243674201


def test_the_suffix_is_the_authors_then_the_token_and_fits_the_service() -> None:
    assert identity.suffix_sent("support", "abcdefgh23") == "support-abcdefgh23"
    assert identity.suffix_sent(None, "abcdefgh23") == "ftops-abcdefgh23"
    assert len(identity.suffix_sent("x" * identity.AUTHOR_SUFFIX_MAX, "abcdefgh23")) == 40


@pytest.mark.parametrize(
    ("carrier", "token"),
    [
        ("support-abcdefgh23", "abcdefgh23"),
        ("gpt-4o-mini-2024-07-18.ft-0123456789abcdef0123456789abcdef-support-abcdefgh23", "abcdefgh23"),
        ("gpt-4o.ft-0123456789abcdef0123456789abcdef-s-abcdefgh23:ckpt-step-90", "abcdefgh23"),
        ("abcdefgh23", "abcdefgh23"),
        ("support-ABCDEFGH23", None),
        ("support-abcdefgh2", None),
        ("supportabcdefgh23", None),
        ("", None),
        (None, None),
    ],
)
def test_the_token_is_read_back_from_whatever_carries_it(carrier: str | None, token: str | None) -> None:
    assert identity.token_of(carrier) == token


def test_job_and_model_share_their_hex() -> None:
    hex32 = "0123456789abcdef0123456789abcdef"
    assert identity.job_hex(f"ftjob-{hex32}") == hex32
    assert identity.job_hex(f"gpt-4.1-2025-04-14.ft-{hex32}-support-abcdefgh23") == hex32
    assert identity.job_hex("gpt-4.1-2025-04-14") is None


def test_a_file_name_says_content_and_project() -> None:
    name = identity.file_name("ab" * 32, "support-bots", "support-train")
    assert name == f"ftops-{'ab' * 16}-support-bots-support-train.jsonl"
    assert identity.content_hex_of(name) == "ab" * 16
    assert identity.content_hex_of("my-own-training.jsonl") is None


def test_of_two_projects_that_fit_a_file_name_the_longer_one_owns_it() -> None:
    name = identity.file_name("ab" * 32, "support-eu", "train")
    assert identity.project_of(name, frozenset({"support"})) == "support"
    assert identity.project_of(name, frozenset({"support", "support-eu"})) == "support-eu"
    assert identity.project_of(name, frozenset({"sup"})) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=5), st.randoms(use_true_random=False))
def test_key_order_never_changes_a_fingerprint(inputs: dict[str, object], random: object) -> None:
    keys = list(inputs)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert identity.fingerprint({key: inputs[key] for key in keys}) == identity.fingerprint(inputs)


@given(st.integers(-(2**40), 2**40))
def test_a_whole_float_is_the_same_number_as_its_integer(number: int) -> None:
    assert identity.canonical_json({"n": float(number)}) == identity.canonical_json({"n": number})


def test_not_a_number_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        identity.canonical_json({"n": float("nan")})
