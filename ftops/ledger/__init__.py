"""What ftops did, durably: write-ahead records so that paid work is never started twice. Writes only its own files."""

from ftops.ledger.document import DEFAULT_HORIZON_SECONDS, LedgerDocument, fold, recorded
from ftops.ledger.ledger import Ledger, open_store
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session, create, rebuild
from ftops.ledger.store import Holder, Store

__all__ = [
    "DEFAULT_HORIZON_SECONDS",
    "Holder",
    "Ledger",
    "LedgerDocument",
    "LocalStore",
    "Session",
    "Store",
    "create",
    "fold",
    "open_store",
    "rebuild",
    "recorded",
]
