"""The table of which module answers which address: each route is found where its address is looked for."""

from __future__ import annotations

from typing import Final

import pytest

from ftops.emulator import routes
from ftops.emulator.wire_errors import Surface

_HEADS: Final = ("files", "uploads", "fine_tuning", "models", "deployments", "chat", "completions", "responses")


@pytest.mark.parametrize("surface", list(Surface))
def test_every_route_is_found_under_the_first_segment_of_its_path(surface: Surface) -> None:
    there = {head: routes.routes_below(surface, head)() for head in (*_HEADS, "subscriptions", "msi", "_emulator")}
    every = {route for found in there.values() for route in found if surface in route.surfaces}
    assert len(every) > 3
    for route in every:
        head = route.pattern.strip("/").partition("/")[0]
        assert route in routes.routes_below(surface, head)(), route.pattern
