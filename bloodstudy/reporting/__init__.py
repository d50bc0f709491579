"""From tidy frames to a report that a person reads. The only stage that draws; runs without TensorFlow and MLflow."""

from bloodstudy.reporting.audit import Audit, write_audit
from bloodstudy.reporting.audit_tables import summarise_audit
from bloodstudy.reporting.evidence import look_for_missed
from bloodstudy.reporting.gallery import render_gallery
from bloodstudy.reporting.write import Report, make_report, write_report

__all__ = [
    "Audit",
    "Report",
    "look_for_missed",
    "make_report",
    "render_gallery",
    "summarise_audit",
    "write_audit",
    "write_report",
]
