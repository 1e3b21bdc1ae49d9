from collections.abc import Callable

import pytest

from vmm import values


@pytest.mark.parametrize(
    ("convert", "text", "expected"),
    [
        (values.identifier, "0", 0),
        (values.identifier, "2147483647", 2147483647),
        (values.cores, "0.5", 0.5),
        (values.cores, "0.3333333333333333", 0.3333333333333333),
        (values.host, "::1", "::1"),
        (values.size, "64", 64 << 20),
        (values.size, "2G", 2 << 30),
        (values.size, "512 KiB", 512 << 10),
        (values.size, "0", 0),
        (values.size, "64 mb", 64 << 20),
        (values.yes, "yes", True),
        (values.yes, "FALSE", False),
        (values.interface, "onebr0.100", "onebr0.100"),
        (values.mac, "02:00:0A:62:00:0D", "02:00:0a:62:00:0d"),
        (values.mtu, "9000", 9000),
        (values.word, "profile_1.conf", "profile_1.conf"),
        (values.cpuset, "0-3,8", "0-3,8"),
        (values.path, "//var//lib/one/./x", "/var/lib/one/x"),
        (values.mount_point, "/srv/data/", "/srv/data"),
    ],
)
def test_what_is_taken(convert: Callable[[str], object], text: str, expected: object) -> None:
    assert convert(text) == expected


@pytest.mark.parametrize(
    ("convert", "texts"),
    [
        (values.identifier, ["-1", "01", "1.0", "2147483648", "", "१", "1\n", " 1"]),
        (values.cores, ["0", "nan", "inf", "1e3", "-1", "0x1", "1.", ".5"]),
        (
            values.size,
            ["-1", "1B", "64iB", "64X", "9223372036854775807", "1.5", "64\u212a", "64M M"],
        ),
        (values.positive_size, ["0", "0G"]),
        (values.yes, ["maybe", "", "Y"]),
        (
            values.interface,
            ["a" * 16, "", "br 0", "br0\n", "-br", ".", "..", "br/0", "br'0", "brü"],
        ),
        (
            values.mac,
            [
                "01:00:5e:00:00:01",
                "00:00:00:00:00:00",
                "02:00:0a:62:00",
                "02-00-0a-62-00-0d",
                "zz:00:00:00:00:00",
            ],
        ),
        (values.mtu, ["67", "65536"]),
        (values.word, ["../x", ".hidden", "a/b", "a b", "-a", "a" * 65, ""]),
        (values.host, ["a b", "$(id)", "-x", "a\nb"]),
        (values.cpuset, ["", "0-", "a", "0,,1", "0\n"]),
        (values.path, ["x", "/a/../b", "/a b", "/a\nb", "/a'b", "/a\\040b", "", "/..", "/a\x00"]),
        (values.path, ["/" + "a" * 256, "/a" * 2048]),
        (
            values.mount_point,
            ["/", "//", "/.", "/proc", "/proc/1", "/sys/x", "/dev/shm", "/a/./../b"],
        ),
    ],
)
def test_what_is_refused(convert: Callable[[str], object], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=r".") as refused:
            convert(text)
        assert str(refused.value).isprintable(), text


def test_a_long_value_is_quoted_in_part_only() -> None:
    assert len(values.shown("x" * 10_000)) < 50
