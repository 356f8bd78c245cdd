"""The data plane: files, jobs, models and inference, on dated and v1 routes over one store.

In: calls matched to an account. Out: answers in the shape of the surface that asked (contract 1.14).
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.data_plane import (
    checkpoint_copies,
    chunked_uploads,
    file_import,
    files,
    grader_routes,
    inference,
    job_actions,
    job_create,
    jobs,
    models,
    responses,
)

ROUTES: Final = (
    *files.ROUTES,
    *file_import.ROUTES,
    *chunked_uploads.ROUTES,
    *job_create.ROUTES,
    *jobs.ROUTES,
    *job_actions.ROUTES,
    *checkpoint_copies.ROUTES,
    *grader_routes.ROUTES,
    *models.ROUTES,
    *inference.ROUTES,
    *responses.ROUTES,
)
