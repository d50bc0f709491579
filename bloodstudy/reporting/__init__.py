"""From tidy frames to a report that a person reads. The only stage that draws; runs without TensorFlow and MLflow."""

from bloodstudy.reporting.write import write_report

__all__ = ["write_report"]
