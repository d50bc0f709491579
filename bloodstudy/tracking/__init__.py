"""MLflow, which mirrors what the run folder holds. Opening a store imports MLflow; importing this package does not."""

from bloodstudy.tracking.record import Recorder, catch_up
from bloodstudy.tracking.store import Store, open_store

__all__ = ["Recorder", "Store", "catch_up", "open_store"]
