"""Fine-tuned models of an account: list, delete.

In: a DataPlane. Out: ObservedModel values, base models left out. Deleting is in no document of Azure: a service
without such a route is told apart from a model that is gone already.
"""

from __future__ import annotations

from ftops.azure import reading
from ftops.azure.data_plane import DataPlane, segment
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedModel

#: `RemoteError.code` of `delete_model` where the service has no route for it.
NO_MODEL_ROUTE = "no_model_route"


def list_models(plane: DataPlane) -> tuple[ObservedModel, ...]:
    documents = plane.pages(f"listing the models of account {plane.alias}", "/models", unsaid_means_more=False)
    found = (reading.finetuned_model(document) for document in documents)
    return tuple(model for model in found if model is not None)


def delete_model(plane: DataPlane, model_id: str) -> None:
    """One DELETE; a missing model counts as deleted. Raises RemoteError `rejected` with the code `no_model_route`
    where the service cannot delete models (service contract, section 1.11)."""
    doing = f"deleting model {model_id} of account {plane.alias}"
    try:
        plane.write(doing, "delete", f"/models/{segment(model_id)}")
    except RemoteError as error:
        if error.status in (405, 501) or (error.kind == "missing" and error.code in ("404", "")):
            raise RemoteError(
                "rejected",
                f"{doing}: this service has no way to delete models",
                code=NO_MODEL_ROUTE,
                status=error.status,
                request_id=error.request_id,
                hint="delete it in the Azure portal, or let it be: storing a fine-tuned model is free",
            ) from error
        if error.kind != "missing":
            raise
