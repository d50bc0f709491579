from bloodstudy.cli import terminal

DURATIONS = {0.4: "0 s", 59.6: "1 min 0 s", 42: "42 s", 190: "3 min 10 s", 7500: "2 h 5 min"}
SIZES = {0: "0 bytes", 999: "999 bytes", 1234: "1.23 kB", 999_600: "1 MB", 19.96e6: "20 MB", 3.1e9: "3.1 GB"}


def test_durations_and_sizes_are_written_for_people():
    assert {seconds: terminal.span(seconds) for seconds in DURATIONS} == DURATIONS
    assert {size: terminal.amount(size) for size in SIZES} == SIZES


def test_where_the_output_is_no_terminal_progress_is_plain_lines_with_time_left(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.Bar("work", 10) as bar:  # made at 0 s
        for done in (1, 2, 3, 5):
            bar.update(done, f"{done} done")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["work: 20 %, 2 done, about 40 s left", "work: 50 %, 5 done, about 14 s left"]


def test_tables_show_their_cells_as_they_are(capsys):
    terminal.print_table("", ["arm", "test"], [["image_size=[60,80]", "0.5"]], right=("test",))
    assert "image_size=[60,80]" in capsys.readouterr().out


def test_each_kind_of_work_has_its_own_bar(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN_EVERY_S", 0)
    with terminal.stages("smear") as progress:
        progress("drawing", 1, 2)
        progress("decoding", 3, 4)
        progress("drawing", 2, 2)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].split(" images")[0] for line in told] == [" drawing", " decoding", " drawing"]
    assert told[2].startswith("smear: drawing images: 100 %, 2 of 2")
