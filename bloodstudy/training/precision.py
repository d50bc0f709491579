"""Which arithmetic this processor is fast at, told without importing Keras."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

from bloodstudy.errors import UserError


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
    """Return float32 or bfloat16 for `asked`; "auto" takes bfloat16 where the processor multiplies matrices in it.

    Only tile registers (AMX) were measured to make bfloat16 training faster; with AVX512-BF16 alone it is slower than
    float32 (`benchmarks/throughput.py` prints both). Raises UserError for a bfloat16 that would be emulated.
    """
    _, flags = processor()
    if asked == "auto":
        return "bfloat16" if "amx_bf16" in flags else "float32"
    if asked == "bfloat16" and flags and not flags & {"amx_bf16", "avx512_bf16"}:
        raise UserError(
            "precision=bfloat16: this processor has neither AMX nor AVX512-BF16, so bfloat16 would be emulated, many "
            "times slower; use precision=float32, or precision=auto in a new study"
        )
    return asked
