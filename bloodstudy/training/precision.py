"""Which arithmetic this processor is fast at, and which Keras is installed, told without importing it."""

from __future__ import annotations

import platform
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bloodstudy.errors import MachineError, UserError

NATIVE = frozenset({"amx_bf16", "avx512_bf16"})  # as Linux names them


@lru_cache(maxsize=1)
def processor() -> tuple[str, frozenset[str]]:
    """Return the processor's name and its feature flags (Linux; elsewhere the flags are empty)."""
    name, flags = platform.processor() or platform.machine(), frozenset()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            field, _, value = line.partition(":")
            if field.strip() == "model name":
                name = value.strip()
            elif field.strip() == "flags":
                flags = frozenset(value.split())
                break
    except OSError:
        pass
    return name, flags


def resolve_precision(asked: str) -> str:
    """Return float32 or bfloat16 for `asked`; "auto" takes bfloat16 if the processor has instructions for it.

    `benchmarks/throughput.py` measures both. Raises UserError for a bfloat16 that would have to be emulated.
    """
    _, flags = processor()
    native = bool(flags & NATIVE)
    if asked == "auto":
        return "bfloat16" if native else "float32"
    if asked == "bfloat16" and flags and not native:
        raise UserError(
            "precision=bfloat16: this processor has neither AMX nor AVX512-BF16, so bfloat16 would be emulated; "
            "use precision=float32, or precision=auto in a new study"
        )
    return asked


def require_backend() -> None:
    """Raise MachineError if nothing that can train is installed, without importing it."""
    if find_spec("tensorflow") is None and find_spec("jax") is None:
        raise MachineError(
            'nothing is installed that can train: install the extra "cpu" or "gpu", as in: '
            'pip install "bloodstudy[cpu]"'
        )


def installed_versions() -> dict[str, str]:
    """Return the versions of Keras and TensorFlow that a worker will import, as far as they are known."""
    versions: dict[str, str] = {}
    for name, packages in {"keras": ("keras",), "tensorflow": ("tensorflow", "tensorflow-cpu")}.items():
        for package in packages:
            with suppress(PackageNotFoundError):
                versions.setdefault(name, version(package))
    return versions
