"""MLflow, which mirrors what the run folder holds. Opening a store imports MLflow; importing this package does not."""

from bloodstudy.tracking.backfill import catch_up, owes, settle
from bloodstudy.tracking.recorder import Recorder
from bloodstudy.tracking.session import Ending, begin, finish
from bloodstudy.tracking.store import Store, open_store, public_uri, require_store
from bloodstudy.tracking.study import Summary, Sweep, close_study, open_study

__all__ = [
    "Ending",
    "Recorder",
    "Store",
    "Summary",
    "Sweep",
    "begin",
    "catch_up",
    "close_study",
    "finish",
    "open_store",
    "open_study",
    "owes",
    "public_uri",
    "require_store",
    "settle",
]
