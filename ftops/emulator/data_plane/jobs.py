"""Jobs: list, observe, events, checkpoints (contract 1.8 to 1.10).

In: ids and paging. Out: job objects and what they have told so far; reading changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ftops.emulator import course as courses
from ftops.emulator.data_plane.job_view import job_shown
from ftops.emulator.data_plane.paging import PARAMETERS, optional_after, page_limit, page_of
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.observed_jobs import find_job, jobs_page
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.wire_errors import Surface


def _list(call: Call) -> Answer:
    limit = page_limit(call.query, 20)
    page, more = jobs_page(call, after=optional_after(call), limit=limit)
    return Answer(payload={"object": "list", "data": [job_shown(call, job) for job in page], "has_more": more})


def _observe(call: Call) -> Answer:
    return Answer(payload=job_shown(call, find_job(call, call.names["job"])))


def _events(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    entries = courses.events(job.course, job.life, job.now, job.failure["message"])
    if call.surface is Surface.V1:
        entries = [{**entry, "level": "warn"} if entry["level"] == "warning" else entry for entry in entries]
    return Answer(payload=page_of(entries, call.query, 20))


def _checkpoints(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    page = page_of(courses.checkpoints(job.course, job.life, job.now), call.query, 10)
    if call.surface is Surface.V1 and call.profile.schema_strict:
        return Answer(payload={**page, **_ends(page["data"])})
    return Answer(payload=page)


def _ends(entries: object) -> Mapping[str, object]:
    ids = [entry["id"] for entry in entries] if isinstance(entries, list) else []
    return {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}


_JOBS: Final = "fine_tuning/jobs"
ROUTES: Final = (
    Route("GET", _JOBS, _list, BOTH, parameters=PARAMETERS | {"metadata["}),
    Route("GET", _JOBS + "/{job}", _observe, BOTH),
    Route("GET", _JOBS + "/{job}/events", _events, BOTH, parameters=PARAMETERS),
    Route("GET", _JOBS + "/{job}/checkpoints", _checkpoints, BOTH, parameters=PARAMETERS, since="2024-05-01"),
)
