"""What MLflow measures of the machine while a trial is trained, if MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING asks for it.

In: the run of a trial. Out: metrics under `system/` of that run: use of processors, memory, disk, network and cards.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bloodstudy.tracking.store import tracking_uri

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor


def watch(run_id: str) -> SystemMetricsMonitor | None:
    """Begin to log the machine's metrics to a run; None if nobody asked for them."""
    from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING

    if not MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get():
        return None
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    # It would greet into the progress bar, and print the address as it is if a server is away, which the trial tells.
    logging.getLogger("mlflow.system_metrics").setLevel(logging.CRITICAL)
    monitor = SystemMetricsMonitor(run_id, tracking_uri=tracking_uri())
    monitor.start()
    return monitor
