"""What a value from OpenNebula may look like: text goes in, the value or what is wrong comes out.

All raise ValueError with a text that names the value, shortened and printable. None of what they
let pass holds a control character, so no value can start a new line in a file that we write.
"""

import re
from posixpath import normpath

from vmm.errors import one_line

MIB = 1 << 20
MAX_BYTES = (1 << 63) - 1
MAX_ID = (1 << 31) - 1
MAX_INTERFACE = 15
"""IFNAMSIZ without its terminating zero."""
MAX_PATH, MAX_NAME = 4095, 255
"""PATH_MAX without its terminating zero, and NAME_MAX."""

# Compiled when they are wanted: all of them take an action as long as ten imports.
_NUMBER = r"[0-9]{1,19}"
_DECIMAL = r"[0-9]{1,9}(\.[0-9]{1,30})?"
_SIZE = r"(?ai)([0-9]{1,19})(?: ?([KMGT])(?:i?B)?)?"
_INTERFACE = r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*"
_MAC = r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"
_WORD = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_HOST = r"[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,254}"
_CPUSET = r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*"
_PATH = r"/[A-Za-z0-9_@%+=:,./-]*"
_UNITS = {None: MIB, "K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}
_YES = {"YES": True, "TRUE": True, "1": True, "NO": False, "FALSE": False, "0": False}


def shown(text: str, size: int = 40) -> str:
    """`text` as an error may quote it."""
    line = one_line(text)
    return repr(line if len(line) <= size else line[:size] + "…")


def _matched(pattern: str, text: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"{shown(text)} is not {what}")
    return text


def integer(text: str, low: int = 0, high: int = MAX_ID) -> int:
    """A whole number from `low` to `high`, decimal digits only."""
    number = int(_matched(_NUMBER, text, "a whole number"))
    if not low <= number <= high:
        raise ValueError(f"{shown(text)} is not between {low} and {high}")
    return number


def identifier(text: str) -> int:
    """An id of OpenNebula: 0 to 2^31-1, written without leading zeros."""
    number = integer(text)
    if str(number) != text:
        raise ValueError(f"{shown(text)} is not an id: leading zeros")
    return number


def cores(text: str) -> float:
    """CPU: a positive decimal number of cores."""
    number = float(_matched(_DECIMAL, text, "a decimal number"))
    if not number > 0:
        raise ValueError(f"{shown(text)} is not more than 0")
    return number


def size(text: str) -> int:
    """A size in bytes from a number of MiB, or one with a unit of K, M, G or T."""
    match = re.fullmatch(_SIZE, text)
    if not match:
        raise ValueError(f"{shown(text)} is not a size in MB")
    number = int(match[1]) * _UNITS[match[2] and match[2].upper()]
    if number > MAX_BYTES:
        raise ValueError(f"{shown(text)} is more than this machine can count")
    return number


def positive_size(text: str) -> int:
    """As `size`, and more than nothing."""
    number = size(text)
    if not number:
        raise ValueError("must be more than 0")
    return number


def yes(text: str) -> bool:
    """YES or NO as OpenNebula writes them, in any case."""
    try:
        return _YES[text.upper()]
    except KeyError:
        raise ValueError(f"{shown(text)} is neither YES nor NO") from None


def interface(text: str) -> str:
    """The name of a network interface or bridge."""
    if len(text) > MAX_INTERFACE:
        raise ValueError(f"{shown(text)} is longer than {MAX_INTERFACE} characters")
    return _matched(_INTERFACE, text, "the name of a network interface")


def mac(text: str) -> str:
    """A unicast MAC address, in lower case."""
    address = _matched(_MAC, text.lower(), "a MAC address")
    if int(address[:2], 16) & 1:
        raise ValueError(f"{shown(text)} is a multicast address")
    if not int(address.replace(":", ""), 16):
        raise ValueError(f"{shown(text)} is no address of an interface")
    return address


def mtu(text: str) -> int:
    """An MTU that the kernel takes for a veth."""
    return integer(text, 68, 65_535)


def port(text: str) -> int:
    """A TCP port."""
    return integer(text, 1, 65_535)


def word(text: str) -> str:
    """A short name: letters, digits, `_`, `.` and `-`, not starting with a dot or a dash."""
    return _matched(_WORD, text, "a plain name")


def host(text: str) -> str:
    """A host name or address."""
    return _matched(_HOST, text, "a host name")


def cpuset(text: str) -> str:
    """CPUs or memory nodes in cpuset notation, as in 0-3,8."""
    return _matched(_CPUSET, text, "a list of CPUs or memory nodes")


def path(text: str) -> str:
    """An absolute path without `..`, blanks or quotes, normalised."""
    _matched(_PATH, text, "an absolute path of plain characters")
    if len(text) > MAX_PATH or any(len(part) > MAX_NAME for part in text.split("/")):
        raise ValueError(f"{shown(text)} is longer than a path or a name in it can be")
    if ".." in text.split("/"):
        raise ValueError(f"{shown(text)} holds '..'")
    # normpath keeps exactly two leading slashes, as POSIX wants; Linux gives them no meaning.
    return normpath("/" + text.lstrip("/"))


def mount_point(text: str) -> str:
    """Where a disk may be mounted in a container: not its root, and nothing that init owns."""
    point = path(text)
    if point == "/" or point.split("/")[1] in {"proc", "sys", "dev"}:
        raise ValueError(f"{shown(text)} cannot be a disk's mount point")
    return point
