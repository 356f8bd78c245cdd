"""takeover: a deployment that is somebody's, or nobody's, becomes that of an entry of our specs. A write of tags only.

In: the three inputs of a plan and the entry. Out: whose it is now, and the one PUT that changes its tags and nothing
else. Whether to do it is asked of a person; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ftops.core.change import Action, PutDeployment
from ftops.core.desired import Desired, DesiredDeployment
from ftops.core.identity import TAG_ENVIRONMENT, TAG_FINGERPRINT, TAG_PROJECT
from ftops.core.observed import Observed, ObservedDeployment
from ftops.core.recorded import Recorded
from ftops.planner.deployments import body_before, own_tags
from ftops.planner.planner import plan


@dataclass(frozen=True, slots=True)
class Takeover:
    """What would be taken over. `owner` is `project/environment`, "" when it has no tags of ftops; `act` the write.

    `as_wanted`: it is what the specs ask for already. `ours`: there is nothing to take over.
    """

    owner: str
    ours: bool
    as_wanted: bool
    act: PutDeployment


def takeover(
    desired: Desired, recorded: Recorded, observed: Observed, deployment: DesiredDeployment
) -> Takeover | None:
    """How the deployment under the entry's name becomes the entry's; None when there is none.

    The fingerprint tag is written only when it is what the specs ask for already: otherwise what differs would read as
    drift, though the specs were never applied to it.
    """
    there = observed.accounts[deployment.account].deployments
    found = next((d for d in there if d.name.casefold() == deployment.name.casefold()), None)
    if found is None:
        return None
    marked = _foreign_tags(found) | own_tags(desired, deployment)
    change = plan(desired, recorded, _with_tags(observed, deployment, found, marked)).change_of(deployment.node)
    as_wanted = change is not None and change.action is Action.KEEP
    written = marked if as_wanted else {name: text for name, text in marked.items() if name != TAG_FINGERPRINT}
    owner = "/".join(found.tags.get(tag, "") for tag in (TAG_PROJECT, TAG_ENVIRONMENT)).strip("/")
    body = replace(body_before(found), tags=written)
    ours = owner == f"{desired.project}/{desired.environment}"
    return Takeover(owner, ours, as_wanted, PutDeployment(found.name, body))


def _foreign_tags(found: ObservedDeployment) -> dict[str, str]:
    return {name: text for name, text in found.tags.items() if not name.startswith("ftops-")}


def _with_tags(
    observed: Observed, deployment: DesiredDeployment, found: ObservedDeployment, tags: Mapping[str, str]
) -> Observed:
    account = observed.accounts[deployment.account]
    deployments = tuple(replace(d, tags=tags) if d is found else d for d in account.deployments)
    accounts = {**observed.accounts, deployment.account: replace(account, deployments=deployments)}
    return replace(observed, accounts=accounts)
