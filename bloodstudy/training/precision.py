"""Which arithmetic this processor is fast at, and which Keras is installed, told without importing it."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bloodstudy.errors import MachineError, UserError

PACKAGES = {"keras": ("keras",), "tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",)}
EXTRAS = {"tensorflow": ("cpu or gpu", "TensorFlow"), "jax": ("jax", "JAX")}
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "fused": "jax"}  # of each engine
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


def resolve_precision(asked: str, engines: Collection[str] = ("tensorflow",)) -> str:
    """Return float32 or bfloat16 for `asked`; "auto" takes bfloat16 if the processor has instructions for it.

    With JAX it is float32, for all `engines` that are set beside each other: they must differ in nothing else.

    `benchmarks/throughput.py` measures both. Raises UserError for a bfloat16 that would have to be emulated.
    """
    if asked == "auto" and any(BACKENDS[engine] == "jax" for engine in engines):
        return "float32"
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


def has_card() -> bool:
    """Tell whether there is a graphics card, and a JAX that was installed for one, without importing it."""
    return is_for_card() and Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


def is_for_card() -> bool:
    """Tell whether the JAX that is installed is one for graphics cards."""
    return any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))


def require_backend(engines: Iterable[str] = ("tensorflow",)) -> None:
    """Raise MachineError if one of the engines is not installed, without importing it."""
    for engine in sorted(engines):
        if find_spec(BACKENDS[engine]) is None:
            extra, called = EXTRAS[BACKENDS[engine]]
            raise MachineError(
                f"engine={engine}: {called} is not installed; install the extra {extra}, as in: "
                f'pip install "bloodstudy[{extra.split()[0]}]"'
            )


def installed_versions() -> dict[str, str]:
    """Return the versions of Keras, TensorFlow and JAX that a worker will import, as far as they are known."""
    versions: dict[str, str] = {}
    for name, packages in PACKAGES.items():
        for package in packages:
            with suppress(PackageNotFoundError):
                versions.setdefault(name, version(package))
    return versions
