"""Files: upload, list, observe, read back, delete (contract 1.4).

In: multipart forms and ids. Out: file objects whose status follows from the clock. A file is judged when it
arrives and shows the verdict when its processing time is over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from ftops.emulator import rows
from ftops.emulator.course import results_csv, results_size_bytes
from ftops.emulator.data_plane.paging import page_of
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.ids import new_hex
from ftops.emulator.observed_jobs import ObservedJob, find_result, succeeded_jobs
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.store import keep_content
from ftops.emulator.uploads import Upload
from ftops.emulator.wire_errors import Surface, invalid_payload, not_found, quota_exceeded

FINE_TUNE: Final = "fine-tune"
_DATED_PURPOSES: Final = frozenset({FINE_TUNE, "assistants", "batch"})
_PURPOSES_2025: Final = _DATED_PURPOSES | {"evals"}
_EXPIRY_SECONDS: Final = (1_209_600, 2_592_000)  # 14 to 30 days
_FIELDS: Final = frozenset({"purpose", "expires_after[seconds]", "expires_after[anchor]"})
_PAGE_DEFAULT: Final = 10_000


def find_file(call: Call, file_id: str) -> sqlite3.Row:
    """An uploaded file of the call's account. Raises `WireError` 404, also when it has expired."""
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM files WHERE id = ? AND account = ? AND (expires_at IS NULL OR expires_at > ?)",
        (file_id, call.home.key, call.now),
    ).fetchone()
    if row is None:
        raise not_found("file")
    return row


def file_status(row: sqlite3.Row, now: float) -> tuple[str, str]:
    """Status and, for an error, its details."""
    if now < row["ready_at"]:
        return "pending", ""
    refusal = rows.Verdict.from_json(row["verdict"]).refusal
    return ("error", f"Validation of jsonl file failed: {refusal}") if refusal else ("processed", "")


def _upload(call: Call) -> Answer:
    upload = call.received
    purpose = _checked_form(call, upload)
    expires_at = _expiry(call, upload.fields)
    _check_limits(call, upload, purpose)
    verdict = upload.verdict
    if purpose == FINE_TUNE and call.profile.bom_required and not verdict.bom and not verdict.refusal:
        verdict = rows.Verdict(refusal="The file must be UTF-8 with a byte order mark.")
    file_id = "file-" + new_hex(call.db, call.profile.id_seed)
    call.db.execute(
        "INSERT INTO files (id, account, filename, purpose, size_bytes, created_at, ready_at, expires_at,"
        " verdict) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            file_id,
            call.home.key,
            upload.filename,
            purpose,
            upload.size_bytes,
            call.now,
            call.now + call.profile.file_seconds,
            expires_at,
            verdict.to_json(),
        ),
    )
    keep_content(call.store, upload.path, file_id)
    return created(call, _shown(find_file(call, file_id), call.now), f"files/{file_id}")


def created(call: Call, payload: Mapping[str, object], path: str) -> Answer:
    """201 and Location on dated routes, a bare 200 on v1 (contract 1.14)."""
    if call.surface is Surface.V1:
        return Answer(200, payload)
    place = f"{call.request.base_url}/{call.home.name}/openai/{path}?api-version={call.version}"
    return Answer(201, payload, {"Location": place})


def _checked_form(call: Call, upload: Upload) -> str:
    if unknown := sorted(set(upload.fields) - _FIELDS):
        raise invalid_payload("The form has a field this operation does not have.", param=unknown[0][:64])
    purpose = upload.fields.get("purpose", "")
    allowed = _PURPOSES_2025 if _expiry_known(call) else _DATED_PURPOSES
    if purpose not in allowed:
        raise invalid_payload("Invalid value for purpose.", param="purpose")
    if upload.filename is None or upload.part != "file":
        raise invalid_payload("The request carries no file.", param="file")
    if not upload.filename or "/" in upload.filename or not upload.filename.isprintable():
        raise invalid_payload("fileName contains an invalid filename.", param="file")
    if not upload.content_type:
        raise invalid_payload("The file has no or an empty content type specified.", param="file")
    if purpose == FINE_TUNE and not upload.filename.lower().endswith(".jsonl"):
        raise invalid_payload("fileName contains an invalid filename: wrong suffix.", param="file")
    return purpose


def _expiry_known(call: Call) -> bool:
    return call.surface is Surface.V1 or call.version >= "2025-04-01"


def _expiry(call: Call, fields: Mapping[str, str]) -> float | None:
    seconds, anchor = fields.get("expires_after[seconds]"), fields.get("expires_after[anchor]")
    if seconds is None and anchor is None:
        return None
    if not _expiry_known(call):
        raise invalid_payload("This api-version has no expires_after.", param="expires_after")
    low, high = _EXPIRY_SECONDS
    if anchor != "created_at" or seconds is None or not seconds.isdigit() or not low <= int(seconds[:9]) <= high:
        raise invalid_payload(
            f"expires_after needs anchor created_at and seconds from {low} to {high}.", param="expires_after"
        )
    return call.now + int(seconds)


def _check_limits(call: Call, upload: Upload, purpose: str) -> None:
    profile = call.profile
    if upload.size_bytes > profile.file_bytes_max:
        raise quota_exceeded(f"The file is larger than the maximum of {profile.file_bytes_max} bytes.")
    if purpose != FINE_TUNE:
        return
    count, size = call.db.execute(
        "SELECT count(*), coalesce(sum(size_bytes), 0) FROM files WHERE account = ? AND purpose = ?"
        " AND (expires_at IS NULL OR expires_at > ?)",
        (call.home.key, FINE_TUNE, call.now),
    ).fetchone()
    if count >= profile.files_max:
        raise quota_exceeded(f"The quota for files is reached. The maximum is {profile.files_max}.")
    if size + upload.size_bytes > profile.files_total_bytes_max:
        raise quota_exceeded(
            f"The quota for the total size of files is reached. The maximum is {profile.files_total_bytes_max} bytes."
        )


def _list(call: Call) -> Answer:
    visible_until = call.now - call.profile.files_list_lag_seconds
    uploaded = call.db.execute(
        "SELECT * FROM files WHERE account = ? AND created_at <= ? AND (expires_at IS NULL OR expires_at > ?)",
        (call.home.key, visible_until, call.now),
    )
    dated = [(float(row["created_at"]), _shown(row, call.now)) for row in uploaded]
    finished = [job for job in succeeded_jobs(call, call.home) if job.results_listed]
    dated += [(job.life.ended_at, _shown_results(job)) for job in finished if job.life.ended_at <= visible_until]
    entries = [entry for _, entry in sorted(dated, key=itemgetter(0), reverse=True)]
    if purpose := call.query.get("purpose"):
        entries = [entry for entry in entries if entry["purpose"] == purpose]
    body: dict[str, object] = {"object": "list", "data": entries}
    if call.profile.files_after == "honoured":
        body = dict(page_of(entries, call.query, _PAGE_DEFAULT))
        entries = [*body["data"]]  # type: ignore[misc]
    if call.surface is Surface.V1:
        body["first_id"] = entries[0]["id"] if entries else None
        body["last_id"] = entries[-1]["id"] if entries else None
        body.setdefault("has_more", False)
    else:
        body.pop("has_more", None)
    return Answer(payload=body)


def _observe(call: Call) -> Answer:
    if job := find_result(call, call.names["file"]):
        return Answer(payload=_shown_results(job))
    return Answer(payload=_shown(find_file(call, call.names["file"]), call.now))


def _content(call: Call) -> Answer:
    if job := find_result(call, call.names["file"]):
        return Answer(content=results_csv(job.course))
    return Answer(content=call.store.content_path(find_file(call, call.names["file"])["id"]))


def _delete(call: Call) -> Answer:
    """Allowed even when a job used the file; the job keeps the dangling id (contract 1.4)."""
    if job := find_result(call, call.names["file"]):
        call.db.execute("UPDATE jobs SET results_deleted_at = ? WHERE id = ?", (call.now, job.id))
        return Answer(payload={"object": "file", "id": call.names["file"], "deleted": True})
    row = find_file(call, call.names["file"])
    call.db.execute("DELETE FROM files WHERE id = ?", (row["id"],))
    call.store.content_path(row["id"]).unlink(missing_ok=True)
    return Answer(payload={"object": "file", "id": row["id"], "deleted": True})


def _shown(row: sqlite3.Row, now: float) -> dict[str, object]:
    status, details = file_status(row, now)
    shown: dict[str, object] = {
        "id": row["id"],
        "object": "file",
        "bytes": row["size_bytes"],
        "created_at": int(row["created_at"]),
        "filename": row["filename"],
        "purpose": row["purpose"],
        "status": status,
    }
    if details:
        shown["status_details"] = details
    if row["expires_at"] is not None:
        shown["expires_at"] = int(row["expires_at"])
    return shown


def _shown_results(job: ObservedJob) -> dict[str, object]:
    return {
        "id": job.course.results_file,
        "object": "file",
        "bytes": results_size_bytes(job.course),
        "created_at": int(job.life.ended_at),
        "filename": "results.csv",
        "purpose": "fine-tune-results",
        "status": "processed",
    }


_LIST_PARAMETERS: Final = frozenset({"purpose", "after", "limit", "order"})
ROUTES: Final = (
    Route("POST", "files", _upload, BOTH, body="upload", writes=True),
    Route("GET", "files", _list, BOTH, parameters=_LIST_PARAMETERS),
    Route("GET", "files/{file}", _observe, BOTH),
    Route("GET", "files/{file}/content", _content, BOTH),
    Route("DELETE", "files/{file}", _delete, BOTH, writes=True),
)
