"""MLflow, which mirrors what the run folder holds. Importing this package does not import MLflow; opening a store does."""

from bloodstudy.tracking.record import Recorder, catch_up
from bloodstudy.tracking.store import Store, open_store

__all__ = ["Recorder", "Store", "catch_up", "open_store"]
