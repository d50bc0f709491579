import time

import cv2
import pytest
from threadpoolctl import threadpool_info

from bloodstudy.data.provenance.threads import in_threads, one_thread_each


def test_results_come_in_the_order_of_the_items():
    def work(item):
        time.sleep(0.02 * (item % 3 == 0))
        return item * item

    assert list(in_threads(work, range(12))) == [item * item for item in range(12)]


def test_opencv_and_blas_get_their_threads_back_after_a_failure_too():
    @one_thread_each()
    def fail():
        assert cv2.getNumThreads() == 1
        assert {library["num_threads"] for library in threadpool_info()} <= {1}
        raise ZeroDivisionError

    before = cv2.getNumThreads()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert cv2.getNumThreads() == before
