"""The local copies: whole lines only, flushed, one process at a time."""

from pathlib import Path

import pytest

from haven.runbooks.workflow.local_file import LocalFile, kept


def test_a_line_that_was_torn_at_any_byte_is_cut_off_by_the_next_process(tmp_path: Path) -> None:
    whole, torn = b"one\ntwo\n", "dréi".encode()
    for length in range(len(torn) + 1):
        path = tmp_path / f"{length}.jsonl"
        path.write_bytes(whole + torn[:length])
        file = LocalFile(path)
        file.append("four")
        file.close()
        assert path.read_bytes() == whole + b"four\n"


def test_a_second_process_is_refused_with_the_reason(tmp_path: Path) -> None:
    first, second = LocalFile(tmp_path / "a" / "x"), LocalFile(tmp_path / "a" / "x")
    first.append("one")
    with pytest.raises(OSError, match="another process on this machine is at work"):
        second.append("two")
    first.close()
    second.append("two")
    second.close()
    assert first.read() == b"one\ntwo\n"


def test_what_isn_t_there_reads_as_nothing_and_a_tail_as_torn(tmp_path: Path) -> None:
    assert LocalFile(tmp_path / "x").read() == b""
    assert (kept(b"a\nb").whole, kept(b"a\nb").torn) == (("a",), "b")
