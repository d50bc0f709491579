"""What the user's environment must not decide: numbers.

In: the variables of a process that is about to import Keras. Out: the same without those that would change what is
trained, and their names.
"""

from __future__ import annotations

from collections.abc import MutableMapping

# What Keras, TensorFlow and the libraries below it take options from.
PREFIXES = ("KERAS_", "TF_", "XLA_", "ONEDNN_", "DNNL_", "NVIDIA_TF32_", "JAX_")
# What keras.json says is set anew by `backend.set_up`; logs and memory change no number. The rest is Terraform's.
HARMLESS = ("KERAS_HOME", "TF_CPP_", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR", "TF_CONFIG", "XLA_PYTHON_CLIENT_")
HARMLESS += tuple(f"TF_{part}" for part in ("VAR_", "CLI_", "LOG", "INPUT", "DATA_DIR", "WORKSPACE", "IN_AUTOMATION"))
HARMLESS += tuple(f"TF_{part}" for part in ("REGISTRY_", "PLUGIN_", "TOKEN_", "IGNORE", "ACC", "STATE_", "ENCRYPTION"))


def remove_options(environment: MutableMapping[str, str], backend: str = "tensorflow") -> list[str]:
    """Remove the variables that can change numbers from `environment`; return their names, sorted."""
    names = sorted(name for name in environment if name.startswith(PREFIXES) and not name.startswith(HARMLESS))
    if environment.get("KERAS_BACKEND") == backend:  # what it would be anyway
        names.remove("KERAS_BACKEND")
    for name in names:
        del environment[name]
    return names
