"""Training one trial, in a process of its own. Importing this package imports no Keras; the worker process does."""

from bloodstudy.training.assignment import Assignment
from bloodstudy.training.precision import has_card, installed_versions, require_backend, resolve_precision
from bloodstudy.training.worker import Worker

__all__ = ["Assignment", "Worker", "has_card", "installed_versions", "require_backend", "resolve_precision"]
