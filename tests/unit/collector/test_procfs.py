"""What /proc tells of a process."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import HYBRID, V2

from collector import procfs
from collector.formats import FormatError


def test_stat_of_a_real_init() -> None:
    found = procfs.stat((V2 / "proc/1705/stat").read_bytes())
    assert (found.state, found.ppid, found.start_ticks) == ("S", 1691, 60684)


def test_a_process_name_with_parentheses_and_newlines() -> None:
    line = b"7 (a) R 1\n) S 3 " + b"0 " * 17 + b"99 0\n"
    found = procfs.stat(line)
    assert (found.state, found.ppid, found.start_ticks) == ("S", 3, 99)


@given(st.binary(max_size=100))
def test_garbage_is_an_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        procfs.stat(data)


def test_an_init_is_process_1_of_a_namespace_below_ours() -> None:
    status = (V2 / "proc/1705/status").read_bytes()
    assert procfs.namespace_pids(status) == ("1705", "1")
    assert procfs.is_init(status)
    assert procfs.parent(status) == 1691
    assert not procfs.is_init(b"Name:\tx\nNSpid:\t1\n")
    assert not procfs.is_init(b"Name:\tnested\nNSpid:\t900\t30\t1\n")
    assert not procfs.is_init(b"")


def test_boot_time() -> None:
    assert procfs.boot_time(HYBRID) > 1.7e9


def test_a_command_line_and_that_of_no_process() -> None:
    assert procfs.command_line(Path("/"), os.getpid())[0].endswith(
        (b"python", b"python3", b"pytest")
    )
    assert procfs.command_line(Path("/"), 2**22 + 1) == ()
