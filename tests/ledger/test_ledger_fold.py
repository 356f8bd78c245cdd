"""What a ledger's bytes mean, and that no damage to them is ever accepted silently."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.core.errors import LedgerCorrupt, LedgerError
from ftops.ledger.document import LedgerDocument, fold, recorded
from ftops.ledger.entries import (
    Adopted,
    Born,
    Entry,
    Forgot,
    Held,
    Intent,
    Quarantined,
    Settled,
    Swept,
    checksum,
    encode,
)

ARM = "/subscriptions/s/accounts/main"
BORN = Born("ftops.ledger/1", "l1", False)


def intent(token: str = "aaaaaaaaaa", nonce: str = "n1") -> Intent:
    return Intent(ARM, token, nonce, "finetune/v1", "r1", "host", "digest", {"model": "gpt-4o-mini"})


def ledger(*entries: Entry, step: float = 10.0) -> bytes:
    return b"".join(encode(seq, seq * step, entry) for seq, entry in enumerate((BORN, *entries), start=1))


SMALL = ledger(
    intent(),
    Settled(ARM, "aaaaaaaaaa", "n1", "done", "ftjob-1", ""),
    Held("bots", "default", ARM, "finetune/v1", "aaaaaaaaaa", None, None),
    Swept(ARM, "aaaaaaaaaa", "ftjob-1", "ftjob-2"),
    intent("bbbbbbbbbb", "n2"),
)


def test_an_intent_without_an_outcome_counts_down_its_horizon() -> None:
    job = recorded(fold(ledger(intent())), 24.0, {ARM: 30.0}).jobs[ARM, "aaaaaaaaaa"]

    assert (job.outcome, job.nonce, job.at, job.seconds_left) == ("sending", "n1", 20.0, 26.0)


def test_a_settled_intent_has_its_job_which_listings_may_not_show_before_the_horizon() -> None:
    done = Settled(ARM, "aaaaaaaaaa", "n1", "done", "ftjob-1", "")
    job = recorded(fold(ledger(intent(), done)), 24.0, {ARM: 30.0}).jobs[ARM, "aaaaaaaaaa"]

    assert (job.outcome, job.job_id, job.seconds_left) == ("done", "ftjob-1", 26.0)


def test_a_rejected_intent_has_nothing_left_to_wait_for() -> None:
    rejected = Settled(ARM, "aaaaaaaaaa", "n1", "rejected", None, "400")
    job = recorded(fold(ledger(intent(), rejected)), 24.0, {ARM: 30.0}).jobs[ARM, "aaaaaaaaaa"]

    assert (job.outcome, job.job_id, job.seconds_left) == ("rejected", None, 0.0)


def test_an_adoption_ends_the_intent_of_the_same_token() -> None:
    adopted = Adopted(ARM, "aaaaaaaaaa", "ftjob-9", "finetune/v1", {"model": "gpt-4o-mini"})
    job = recorded(fold(ledger(intent(), adopted)), 24.0, {}).jobs[ARM, "aaaaaaaaaa"]

    assert (job.outcome, job.job_id, job.nonce) == ("done", "ftjob-9", "n1")


def test_only_requests_that_may_have_cost_money_today_count_towards_the_day() -> None:
    rejected = Settled(ARM, "aaaaaaaaaa", "n1", "rejected", None, "429")
    data = ledger(intent(), rejected, intent("bbbbbbbbbb", "n2"), intent("cccccccccc", "n3"))

    assert recorded(fold(data), 60.0, {}).jobs_today == 2
    assert recorded(fold(data), 40.0 + 86_400.0, {}).jobs_today == 1
    assert recorded(fold(data), 50.0 + 86_400.0, {}).jobs_today == 0


def test_what_an_entry_had_is_the_last_thing_said_until_it_is_forgotten() -> None:
    first = Held("bots", "default", ARM, "dataset/d", None, "ftops-a.jsonl", None)
    second = Held("bots", "default", ARM, "dataset/d", None, "ftops-b.jsonl", None)
    other = Held("bots", "prod", ARM, "dataset/d", None, "ftops-c.jsonl", None)
    both = recorded(fold(ledger(first, second, other)), 0.0, {}).entries
    gone = recorded(fold(ledger(first, other, Forgot("bots", "default", ARM, "dataset/d"))), 0.0, {}).entries

    assert [(e.environment, e.file_name) for e in both] == [("default", "ftops-b.jsonl"), ("prod", "ftops-c.jsonl")]
    assert [(e.environment, e.file_name) for e in gone] == [("prod", "ftops-c.jsonl")]


def test_a_ledger_is_young_until_the_longest_horizon_has_passed_since_its_birth() -> None:
    assert recorded(fold(ledger()), 15.0, {ARM: 30.0, "other": 900.0}).young_seconds_left == 895.0
    assert recorded(fold(ledger()), 910.0, {ARM: 30.0, "other": 900.0}).young_seconds_left == 0.0


def test_a_ledger_of_which_a_human_said_that_nothing_is_in_flight_is_never_young() -> None:
    data = encode(1, 10.0, Born("ftops.ledger/1", "l1", True))

    assert recorded(fold(data), 10.0, {}).young_seconds_left == 0.0


def test_a_quarantined_ledger_is_young_again() -> None:
    assert recorded(fold(ledger(Quarantined("it was torn"), step=1000.0)), 2100.0, {}).young_seconds_left == 800.0


def test_a_clock_that_went_back_makes_the_horizon_whole_and_never_longer() -> None:
    assert recorded(fold(ledger(intent())), -90_000.0, {ARM: 30.0}).jobs[ARM, "aaaaaaaaaa"].seconds_left == 30.0


def test_a_ledger_cut_anywhere_is_refused_or_keeps_only_whole_lines() -> None:
    first_line = SMALL.index(b"\n") + 1
    for length in range(first_line):
        with pytest.raises(LedgerCorrupt, match="first line is missing or cut"):
            fold(SMALL[:length])
    for length in range(first_line, len(SMALL)):
        document = fold(SMALL[:length])
        assert (SMALL[:length].count(b"\n"), length) == (document.seq, document.valid_bytes + document.cut_bytes)


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_no_flipped_byte_is_accepted_silently(bit: int) -> None:
    last_two_lines = SMALL.rstrip(b"\n").rfind(b"\n")
    for position in range(len(SMALL)):
        damaged = SMALL[:position] + bytes([SMALL[position] ^ bit]) + SMALL[position + 1 :]
        if position < last_two_lines:
            with pytest.raises(LedgerCorrupt, match=r"line \d is damaged"):
                fold(damaged)
        else:
            assert fold(damaged).cut_bytes > 0


def test_a_damaged_line_says_where_and_how_to_recover() -> None:
    damaged = SMALL.replace(b'"nonce":"n1"', b'"nonce":"n7"', 1)
    with pytest.raises(LedgerCorrupt) as caught:
        fold(damaged, place="/x/ledger.jsonl")

    assert str(caught.value) == "reading /x/ledger.jsonl: line 2 is damaged: its checksum does not match"
    assert caught.value.hint.startswith("run `ftops ledger rebuild`")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"seq":3,"at":1,"type":"quarantined","why":"x"}', "it is numbered 3 where 2 is due"),
        (b'{"seq":2,"at":1,"type":"quarantined"}', "the fields of its 'quarantined' entry are not the known ones"),
        (b'{"seq":2,"at":1,"type":"quarantined","why":3}', "its field 'why' is of the wrong type"),
        (b'{"seq":2,"at":NaN,"type":"quarantined","why":"x"}', "it holds NaN, which is not a number"),
        (b'{"seq":true,"at":1,"type":"quarantined","why":"x"}', "its number or time is missing"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[]", "it is not an object"),
        (
            b'{"seq":2,"at":1,"type":"born","format":"ftops.ledger/1","lineage":"x","nothing_in_flight":true}',
            "only the",
        ),
        (
            b'{"seq":2,"at":1,"type":"settled","arm_id":"a","token":"t","nonce":"n","outcome":"done","job_id":"j","code":""}',
            "it settles an intent that is not the last one",
        ),
        (
            b'{"seq":2,"at":1,"type":"forgot","project":"p","environment":"e","arm_id":"a","address":"model/x"}',
            "unknown kind 'model'",
        ),
    ],
)
def test_a_line_that_no_ftops_wrote_is_damage_even_with_the_right_checksum(text: bytes, says: str) -> None:
    line = checksum(text) + b" " + text + b"\n"
    with pytest.raises(LedgerCorrupt, match="line 2 is damaged") as caught:
        fold(ledger() + line + line)

    assert says in str(caught.value)


def test_an_intent_with_the_nonce_of_another_is_damage() -> None:
    with pytest.raises(LedgerCorrupt, match="line 3 is damaged: it repeats the nonce of an earlier intent"):
        fold(ledger(intent(), intent("bbbbbbbbbb")))


def test_an_outcome_that_does_not_fit_its_job_is_damage() -> None:
    for outcome, job_id in (("done", None), ("rejected", "ftjob-1"), ("perhaps", None)):
        with pytest.raises(LedgerCorrupt, match="line 3 is damaged: its outcome and its job do not go together"):
            fold(ledger(intent(), Settled(ARM, "aaaaaaaaaa", "n1", outcome, job_id, ""), Quarantined("x")))


def test_a_ledger_of_a_newer_ftops_is_refused_without_calling_it_damaged() -> None:
    newer_type = b'{"seq":2,"at":1,"type":"leased"}'
    newer_format = encode(1, 1.0, Born("ftops.ledger/2", "l1", False))
    for data in (ledger() + checksum(newer_type) + b" " + newer_type + b"\n", newer_format):
        with pytest.raises(LedgerError) as caught:
            fold(data)
        assert not isinstance(caught.value, LedgerCorrupt)
        assert caught.value.hint == "use the newest ftops of your team"


TOKENS = st.sampled_from(["aaaaaaaaaa", "bbbbbbbbbb"])
OUTCOMES = st.sampled_from(["done", "rejected", "unknown"])
NAMES = st.text(max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TOKENS, OUTCOMES, NAMES), max_size=8), st.integers(0, 8))
def test_folding_all_at_once_and_line_by_line_agree(story: list[tuple[str, str, str]], cut: int) -> None:
    entries: list[Entry] = []
    for number, (token, outcome, name) in enumerate(story):
        entries.append(intent(token, f"n{number}"))
        if outcome != "unknown":
            job_id = f"ftjob-{number}" if outcome == "done" else None
            entries.append(Settled(ARM, token, f"n{number}", outcome, job_id, name))
        entries.append(Held("bots", "default", ARM, "finetune/v1", token, None, name))
    data = ledger(*entries)
    lines = data.splitlines(keepends=True)
    whole = fold(data)
    part = fold(b"".join(lines[: cut + 1]))
    for line in lines[cut + 1 :]:
        part = fold(data[: part.valid_bytes] + line)

    assert whole == part
    assert isinstance(whole, LedgerDocument)
    assert len(entries) + 1 == whole.seq
