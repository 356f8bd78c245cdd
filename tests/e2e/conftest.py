"""What the long tests share: one Azurite for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import azurite
from tests.e2e.environments import NotInstallable


@pytest.fixture(scope="session")
def account_url() -> Iterator[str]:
    """The address of the storage account that Azurite serves."""
    try:
        azurite.executable()
    except NotInstallable as reason:
        pytest.skip(str(reason))
    with azurite.running() as url:
        yield url
