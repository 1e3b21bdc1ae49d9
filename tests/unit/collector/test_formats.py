"""Parsers: what the kernel writes, what it might, and what no kernel wrote."""

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import HYBRID, V2, V2_LIMITED

from collector.formats import (
    FormatError,
    Keyed,
    blkio,
    count,
    io_stat,
    lines,
    net_dev,
    number,
    pressure,
    unescaped,
)

KEYED = Keyed("total_cache", "total_rss", "nothing")
PARSERS: list[Callable[[bytes], object]] = [
    KEYED,
    number,
    pressure,
    net_dev,
    blkio,
    io_stat,
]
SAMPLES = (
    *(HYBRID / "sys/fs/cgroup").glob("*/lxc.payload.nxhd1/[!.]*[!s]"),
    *(V2_LIMITED / "sys/fs/cgroup/lxc.payload.c7").glob("[!.]*"),
    *HYBRID.glob("proc/[0-9]*/net/dev"),
)


def test_a_number_or_no_limit() -> None:
    assert number(b"42\n") == 42.0
    assert number(b"0\n") == 0.0
    assert math.isnan(number(b"max\n"))


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"4", b"-1\n", b"1_0\n", b"nan\n", b" 1\n", b"1\n2\n"]
)
def test_what_is_no_number_is_an_error(text: bytes) -> None:
    with pytest.raises(FormatError):
        number(text)


def test_keys_in_any_order_and_absent_ones() -> None:
    found = Keyed("b", "a", "c")(b"a 1\nb 2\n")
    assert found[:2] == (2.0, 1.0)
    assert math.isnan(found[2])


def test_a_key_is_not_found_within_another() -> None:
    text = (HYBRID / "sys/fs/cgroup/memory/lxc.payload.nxhd1/memory.stat").read_bytes()
    total, own = (
        int(re.search(rb"^%s (\d+)" % key, text, re.M)[1]) for key in (b"total_cache", b"cache")
    )  # type: ignore[index]  # a missing key fails here
    assert Keyed("total_cache", "cache")(text) == (total, own)


def test_units_divide_to_the_decimal_one_reads() -> None:
    assert Keyed("usage_usec", per=1e6)(b"usage_usec 5001\n") == (0.005001,)


def test_a_line_cut_in_its_number_is_an_error_not_a_smaller_number() -> None:
    with pytest.raises(FormatError, match="total_rss 12"):
        Keyed("total_rss")(b"total_cache 5\ntotal_rss 12")


def test_an_error_names_path_and_line() -> None:
    with pytest.raises(FormatError) as caught:
        Keyed("oom_kill")(b"under_oom 0\noom_kill x\n")
    assert str(caught.value.at("/sys/x")) == "/sys/x: b'oom_kill x' is not a key and a number"


def test_pressure_of_both_and_of_an_old_kernel() -> None:
    some = b"some avg10=0.00 avg60=0.00 avg300=0.12 total=1500000\n"
    assert pressure(some + some.replace(b"some", b"full").replace(b"1500000", b"7")) == (1.5, 7e-6)
    only = pressure(some)
    assert only[0] == 1.5
    assert math.isnan(only[1])


def test_blkio_reads_and_writes_only() -> None:
    text = (
        b"254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 12288\n254:0 Async 0\n254:0 Discard 99\n"
        b"254:0 Total 12387\n7:1 Read 1\n7:1 Write 2\n7:1 Sync 3\n7:1 Async 0\n7:1 Discard 0\n"
        b"7:1 Total 3\nTotal 12390\n"
    )
    assert blkio(text) == {b"254:0": (4096.0, 8192.0), b"7:1": (1.0, 2.0)}
    assert blkio(b"Total 0\n") == {}
    for cut in range(1, len(text) - 1):
        with pytest.raises(FormatError):
            blkio(text[:cut])


def test_io_stat_passes_over_devices_without_counters_and_unknown_keys() -> None:
    text = (
        b"254:0 \n8:0 cost.vrate=100.00\n"
        b"253:6 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 new=x\n"
    )
    assert io_stat(text) == {b"253:6": (1.0, 2.0, 3.0, 4.0)}


def test_a_removed_device_hides_no_other() -> None:
    """As Linux 6.18 tells two loops that are gone beside one that is there."""
    gone = b"(unknown) Read 6144\n(unknown) Write 33610752\n(unknown) Sync 62464\n"
    gone += b"(unknown) Async 33554432\n(unknown) Discard 0\n(unknown) Total 33616896\n"
    there = b"7:1 Read 1\n7:1 Write 2\n7:1 Sync 3\n7:1 Async 0\n7:1 Discard 0\n7:1 Total 3\n"
    assert blkio(gone + there + gone + b"Total 67233795\n") == {b"7:1": (1.0, 2.0)}
    line = b"(unknown) rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
    assert io_stat(line + b"7:1 rbytes=1 wbytes=2 rios=3 wios=4\n") == {
        b"7:1": (1.0, 2.0, 3.0, 4.0)
    }


def test_io_stat_of_a_real_host_with_stacked_devices() -> None:
    found = io_stat((V2 / "sys/fs/cgroup/lxc.payload.c8/io.stat").read_bytes())
    assert found[b"253:5"] == (23374848.0, 23085056.0, 450.0, 358.0)
    assert b"253:0" not in found


def test_interfaces_with_odd_names() -> None:
    head = b"Inter-| Receive | Transmit\n face |bytes\n"
    body = b"  a.b-c%d:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    assert net_dev(head + body) == [(b"a.b-c%d", (1.0, 2.0, 3.0, 4.0, 9.0, 10.0, 11.0, 12.0))]
    with pytest.raises(FormatError, match="16 numbers"):
        net_dev(head + b"eth0: 1 2 3\n")


def test_escapes_of_mount_tables() -> None:
    assert unescaped(r"/mnt/a\040b\134c") == r"/mnt/a b\c"


@given(st.binary(max_size=300))
def test_garbage_is_an_error_or_a_value_but_nothing_else(data: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(data)
        except FormatError:
            continue


@given(st.data())
def test_real_files_cut_or_spoilt_never_give_a_negative_or_infinite_value(
    data: st.DataObject,
) -> None:
    text = data.draw(st.sampled_from(SAMPLES)).read_bytes()
    at = data.draw(st.integers(0, len(text)))
    spoilt = (
        text[:at] + data.draw(st.binary(max_size=3)) + text[at + data.draw(st.integers(0, 9)) :]
    )
    for parse in PARSERS:
        try:
            found = parse(spoilt)
        except FormatError:
            continue
        assert all(value >= 0 and not math.isinf(value) for value in flat(found))


def flat(found: object) -> list[float]:
    """Every known number of whatever a parser gives."""
    if isinstance(found, float):
        return [] if math.isnan(found) else [found]
    if isinstance(found, dict):
        return flat(tuple(found.values()))
    if isinstance(found, tuple | list):
        return [value for part in found for value in flat(part)]
    return []


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.integers(0, 2**63)),
        unique_by=lambda kv: kv[0],
    )
)
def test_keyed_reads_what_was_written(pairs: list[tuple[str, int]]) -> None:
    text = "".join(f"{key} {value}\n" for key, value in pairs).encode()
    assert Keyed(*(key for key, _ in pairs))(text) == tuple(float(value) for _, value in pairs)


@given(st.binary(max_size=40))
def test_count_takes_decimal_digits_alone(text: bytes) -> None:
    if re.fullmatch(rb"[0-9]+", text):
        assert count(text) == float(int(text))
    else:
        with pytest.raises(FormatError):
            count(text)


def test_lines_of_a_whole_file() -> None:
    assert lines(b"a\nb\n") == [b"a", b"b"]
    assert lines(b"") == []
    with pytest.raises(FormatError, match="'b' is not a whole line"):
        lines(b"a\nb")
