"""Addresses are the one identifier people type."""

import pytest

from ftops.core.address import Address, Node


def test_an_address_reads_back_as_it_was_written() -> None:
    assert Address.parse("finetune/support-v2") == Address("finetune", "support-v2")
    assert str(Address("finetune", "support-v2")) == "finetune/support-v2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("support-v2", "'support-v2' is not an address: write kind/name, for example finetune/support-v1"),
        ("model/x", "unknown kind 'model': expected one of dataset, finetune, deployment"),
        ("dataset/", "impossible name '': letters, digits, '.', '_' and '-', at most 64"),
        ("dataset/a b", "impossible name 'a b': letters, digits, '.', '_' and '-', at most 64"),
        ("dataset/" + "a" * 65, f"impossible name '{'a' * 65}': letters, digits, '.', '_' and '-', at most 64"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Address.parse(text)
    assert str(caught.value) == says


def test_a_node_takes_the_account_after_the_at_sign_or_the_default() -> None:
    assert str(Node.parse("deployment/bot@prod-eu", default_account="main")) == "deployment/bot@prod-eu"
    assert str(Node.parse("deployment/bot", default_account="main")) == "deployment/bot@main"


def test_addresses_sort_by_kind_then_name() -> None:
    written = ["finetune/a", "dataset/z", "deployment/a", "dataset/a"]
    assert sorted(written, key=Address.parse) == ["dataset/a", "dataset/z", "deployment/a", "finetune/a"]
