import pytest

from bloodstudy.errors import MachineError, UserError
from bloodstudy.training import precision


@pytest.mark.parametrize(("flags", "resolved"), [
    ({"amx_bf16", "avx512_bf16"}, "bfloat16"),
    ({"avx512_bf16"}, "bfloat16"),
    ({"avx2"}, "float32"),
    (set(), "float32"),
])  # fmt: skip
def test_auto_takes_bfloat16_only_if_it_pays(monkeypatch, flags, resolved):
    monkeypatch.setattr(precision, "processor", lambda: ("x", frozenset(flags)))
    assert precision.resolve_precision("auto") == resolved
    assert precision.resolve_precision("float32") == "float32"


def test_emulated_bfloat16_is_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda: ("x", frozenset({"avx2"})))
    with pytest.raises(UserError, match="precision=float32"):
        precision.resolve_precision("bfloat16")


def test_the_processor_has_a_name():
    assert precision.processor()[0]


def test_engine_jax_computes_in_float32_whatever_the_processor_is_fast_at(monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda: ("x", frozenset({"avx512_bf16"})))
    assert precision.resolve_precision("auto", {"jax"}) == "float32"
    assert precision.resolve_precision("auto", {"tensorflow", "fused"}) == "float32", "engines side by side share it"


def test_an_engine_that_is_not_installed_is_refused_with_its_extra(monkeypatch):
    precision.require_backend({"tensorflow", "jax"})
    monkeypatch.setattr(precision, "find_spec", lambda name: None if name == "jax" else name)
    precision.require_backend({"tensorflow"})
    with pytest.raises(MachineError, match=r'engine=jax: JAX is not installed.*"bloodstudy\[jax\]"'):
        precision.require_backend({"tensorflow", "jax"})
