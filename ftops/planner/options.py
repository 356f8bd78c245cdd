"""Options: what the person asked of this one plan, beside what the specs say. A value; nothing is read anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from ftops.core.address import Address


@dataclass(frozen=True, slots=True)
class Options:
    """How to plan. Everything defaults to "what the specs say, all of it".

    `targets` narrows the plan to these addresses and what they depend on. `absent_tokens` are the submissions a person
    has looked for and found absent (`--allow absent=T`). `lookalikes_allowed` are the finetunes that may be trained
    although a hand-made job looks the same.
    """

    destroy: bool = False
    targets: frozenset[Address] = frozenset()
    delete_models: bool = False
    lookalikes_allowed: frozenset[Address] = frozenset()
    absent_tokens: frozenset[str] = frozenset()
    tool_version: str = ""
