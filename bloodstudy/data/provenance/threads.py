"""The same work on many items, in threads: the libraries below do it outside Python's lock.

In: a function and its items. Out: its results in the order of the items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def in_threads(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Yield `work(item)` for each of `items`, in order, from as many threads as there are cores for this process."""
    from joblib import Parallel, cpu_count, delayed

    parallel = Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator")
    yield from parallel(delayed(work)(item) for item in items)  # pyright: ignore[reportOptionalIterable]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV and BLAS to one thread a call while several threads of ours are at work."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
