"""F12: a trial that needs more memory than there is, and native code that aborts: that process dies, no other trial."""

import signal


def test_a_trial_beyond_the_memory_limit_is_recorded_and_the_next_one_trains(study):
    study.vary(epochs="2", image_size="[240,320]", batch_size="48", width="16,0.25", augment="none")
    code, said = study.run("-m", memory_bytes=6 * 2**30)
    assert code == 1, said
    first, second = study.results
    assert (first["factors"]["width"], first["outcome"]) == (16, "out_of_memory")
    # TensorFlow's own allocator raises; where oneDNN's meets the limit first, as on processors with AMX, it aborts;
    # where other C++ code meets it, Python is told of its std::bad_alloc.
    ways = "OOM when allocating", "SIGABRT (out of memory)", "MemoryError: std::bad_alloc"
    assert any(way in first["reason"] for way in ways), first["reason"]
    assert (second["factors"]["width"], second["outcome"]) == (0.25, "finished")
    assert sorted(study.runs) == ["FAILED", "FINISHED"]
    assert "retry=failed" in said


def test_a_native_abort_costs_its_trial_alone(study):
    study.vary(seed="0,1")
    process = study.start("-m")
    study.wait_for_epoch(process, 2)
    worker = study.worker(process)
    worker.send_signal(signal.SIGABRT)
    assert study.is_gone(worker)
    assert process.wait(timeout=120) == 1
    first, second = study.results
    assert first["outcome"] == "failed"
    assert "SIGABRT" in first["reason"]
    assert second["outcome"] == "finished"
    assert sorted(study.runs) == ["FAILED", "FINISHED"]
    assert not list(study.trials[0].glob("state-*")), "it is not gone on from: retry=failed trains it anew"


def test_three_in_a_row_stop_the_sweep_with_advice(study):
    study.vary(seed="0,1,2,3,4", epochs="2")
    code, said = study.run("-m", BLOODSTUDY_FAULT="kill:after-write:state-1:1")
    assert code == 3, said
    assert [result["outcome"] for result in study.results] == ["out_of_memory"] * 3
    assert all("SIGKILL" in result["reason"] for result in study.results)
    (line,) = [line for line in said.splitlines() if line.startswith("bloodstudy:")]
    for word in ("3 trials in a row", "batch_size", "retry=failed"):
        assert word in line
    assert "Traceback" not in said
    said = study.finish("-m", "retry=failed")
    assert [result["outcome"] for result in study.results] == ["finished"] * 5
    assert study.runs == ["FINISHED"] * 5
