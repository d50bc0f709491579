"""From tidy frames to a report that a person reads. The only stage that draws; runs without TensorFlow and MLflow."""

from bloodstudy.reporting.audit.report import Audit, write_audit
from bloodstudy.reporting.audit.tables import summarise_audit
from bloodstudy.reporting.report import load_claims, make_report, write_pages, write_report
from bloodstudy.reporting.sections.hard_images import find_hard_images_of, render_gallery

__all__ = [
    "Audit",
    "find_hard_images_of",
    "load_claims",
    "make_report",
    "render_gallery",
    "summarise_audit",
    "write_audit",
    "write_pages",
    "write_report",
]
