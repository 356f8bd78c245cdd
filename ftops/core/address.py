"""Addresses: the only identifier people type (`finetune/support-v2`), and where a thing lives.

A resource is known by its Address; one resource can live in several accounts (a dataset is uploaded once
in each account that trains on it), so the unit of planning is the Node: an address in an account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["dataset", "finetune", "deployment"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Entry names, as written in specs.
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Account aliases and environment names, as written in ftops.yaml.
ALIAS_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`kind/name`. Raises ValueError when built from an unknown kind or an impossible name."""

    kind: Kind
    name: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}: expected one of {', '.join(KINDS)}")
        if not NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"impossible name {self.name!r}: letters, digits, '.', '_' and '-', at most 64")

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads `kind/name`; raises ValueError with a sentence for people."""
        kind, slash, name = text.partition("/")
        if not slash:
            raise ValueError(f"{text!r} is not an address: write kind/name, for example finetune/support-v1")
        return cls(kind, name)  # type: ignore[arg-type]  # __post_init__ checks the kind

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """An address in one account (by alias): the unit that is planned, applied and drawn in a graph."""

    address: Address
    account: str

    @classmethod
    def parse(cls, text: str, *, default_account: str) -> Node:
        """Reads `kind/name` or `kind/name@account`; raises ValueError with a sentence for people."""
        address, _, account = text.partition("@")
        return cls(Address.parse(address), account or default_account)

    def __str__(self) -> str:
        return f"{self.address}@{self.account}"
