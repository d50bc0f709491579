import time

import cv2
import pytest

from bloodstudy.data.provenance.threads import in_threads, one_thread_each


def test_results_come_in_the_order_of_the_items_whichever_is_done_first():
    def work(item):
        time.sleep(0.05 if item == 0 else 0)
        return 10 * item

    assert list(in_threads(work, range(6))) == [0, 10, 20, 30, 40, 50]


def test_opencv_has_one_thread_inside_and_afterwards_what_it_had_also_after_an_error():
    def fail():
        with one_thread_each():
            assert cv2.getNumThreads() == 1
            raise ZeroDivisionError

    before = cv2.getNumThreads()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert cv2.getNumThreads() == before
