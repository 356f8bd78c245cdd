"""Whole applies against a simulated Azure: order, waiting, deadlines, failures, interruption."""

from __future__ import annotations

from tests.executor.simulated import world
from tests.executor.wanted import Applier, chain, outline


def test_a_chain_is_trained_in_order_and_deployed_and_then_nothing_is_left() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    outcome = applier.run()

    assert (outcome.exit_code, outline(outcome.plan)) == (0, [])
    assert len(applier.world.paid) == 3
    assert [f"{c.action.value} {c.address}" for c in outcome.done] == [
        "create dataset/d1",
        "create dataset/d2",
        "create dataset/d3",
        "create finetune/v1",
        "create finetune/v2",
        "create finetune/v3",
        "create deployment/bot",
    ]
