"""What is TensorFlow's own, or JAX's: threads, determinism, memory, streams, versions. All else here is plain Keras."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from platformdirs import user_cache_path

from bloodstudy.errors import MachineError
from bloodstudy.training.precision import is_for_card

# What Keras and TensorFlow import if it is there, and do not need; to begin without it takes a process less time.
UNUSED = ("sklearn", "jax", "matplotlib", "cv2", "IPython")


def set_up(threads: int, name: str = "tensorflow") -> None:
    """Import the backend quietly, with `threads` threads, deterministic kernels and no grab of all GPU memory."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = name
    if name == "jax":
        _set_up_jax(threads)
    with _quiet(), _without(*(unused for unused in UNUSED if unused != name)):
        set_usual_levels()  # which imports Keras, here and nowhere before
        if name == "jax" and find_spec("tensorflow"):  # Keras imports it all the same, later and aloud
            import tensorflow  # noqa: F401
    if name == "jax":
        return
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    for device in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, True)


def set_usual_levels() -> None:
    """Set what Keras takes from the user's own keras.json beside the backend, and what an extension may have set."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


def _set_up_jax(threads: int) -> None:
    # Without autotuning: processes that compile the same at once could choose differently.
    flags = "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"
    flags += f" --xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
    os.environ["XLA_FLAGS"] = f"{flags} intra_op_parallelism_threads={threads}"
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    # Keras's MixUp asks for positions in int64, of which JAX makes int32.
    warnings.filterwarnings("ignore", "Explicitly requested dtype int64", UserWarning)
    with _quiet():
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")  # float32 is float32: no TF32
        on_card = jax.default_backend() == "gpu"
        if not on_card and is_for_card():
            raise MachineError("engine=jax: JAX was installed for a graphics card and finds none; look at nvidia-smi")
        if on_card:  # there a program takes longer to compile than a trial to train
            jax.config.update("jax_compilation_cache_dir", str(user_cache_path("bloodstudy") / "programs"))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Let packages that are not imported yet be missing while the block runs, so that what is optional is left out."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what native code writes to standard error, and write it after all if the block fails.

    TensorFlow greets on import before its own log level counts, into the middle of a progress bar.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def has_gpu() -> bool:
    """Tell whether the backend computes on a GPU."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def compile_options() -> dict[str, Any]:
    """Return what `Model.compile` is told about XLA: off on processors, since it slows these networks down there."""
    return {"jit_compile": "auto" if has_gpu() else False}


def stream(batches: Any) -> Any:
    """Return the PyDataset `batches` (not empty) in the form in which `fit` and `predict` wait for it least.

    For TensorFlow that is a `tf.data.Dataset` that tunes nothing. Keras makes one whose tuner, asleep, often misses
    that an epoch has ended, and the next one waits until it wakes: up to as long as the epoch took. Two batches ahead
    are as many as one thread that draws them needs.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    signature = tuple(tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in batches[0])
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2)
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def versions() -> dict[str, str]:
    """Return the versions of Keras and its backend."""
    import keras

    installed = {"keras": keras.__version__}
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        installed["tensorflow"] = tf.__version__
    if keras.backend.backend() == "jax":
        import jax

        installed["jax"] = jax.__version__
        if jax.default_backend() == "gpu":
            installed["gpu"] = jax.devices()[0].device_kind
    return installed
