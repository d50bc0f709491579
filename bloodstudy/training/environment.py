"""What the user's environment must not decide: numbers.

In: the variables of a process that is about to import Keras. Out: the same without those that would change what is
trained, and their names.
"""

from __future__ import annotations

from collections.abc import MutableMapping

# What Keras, TensorFlow and the libraries below it take options from. TF_ alone will not do: Terraform's begin with it.
_TENSORFLOW = ("AUTO", "CUBLAS", "CUDNN", "DETERMINISTIC", "DISABLE", "ENABLE", "FP16", "MKL", "NUM", "ONEDNN")
_TENSORFLOW += ("OVERRIDE", "USE", "XLA")
PREFIXES = ("KERAS_", *(f"TF_{part}_" for part in _TENSORFLOW), "XLA_FLAGS", "ONEDNN_", "DNNL_", "NVIDIA_TF32_", "JAX_")
HARMLESS = {"KERAS_HOME"}  # what its keras.json says is set anew by `backend.set_up`


def remove_options(environment: MutableMapping[str, str], backend: str = "tensorflow") -> list[str]:
    """Remove the variables that can change numbers from `environment`; return their names, sorted."""
    names = sorted(name for name in environment if name.startswith(PREFIXES) and name not in HARMLESS)
    if environment.get("KERAS_BACKEND") == backend:  # what it would be anyway
        names.remove("KERAS_BACKEND")
    for name in names:
        del environment[name]
    return names
