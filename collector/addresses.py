"""Which IP addresses a container has, from its network namespace, without entering it."""

import re
from ipaddress import IPv6Address
from pathlib import Path

_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
_LOOPBACK = "127."
_GLOBAL_SCOPE = "00"
_TENTATIVE = 0x40 | 0x08
"""IFA_F_TENTATIVE and IFA_F_DADFAILED (linux/if_addr.h): not usable, or a duplicate."""


def addresses(root: Path, pid: int) -> tuple[str, ...]:
    """IPv4 then global IPv6 addresses of the process's namespace; none where it has ended.

    /proc/PID/net is opened and closed here: a kept descriptor would pin a dead namespace.
    """
    net = root / f"proc/{pid}/net"
    return (*ipv4(_text(net / "fib_trie")), *ipv6(_text(net / "if_inet6")))


def ipv4(fib_trie: str) -> tuple[str, ...]:
    """The local addresses of a routing trie, each once, in the kernel's order, without loopback."""
    found = (address for address in _LOCAL.findall(fib_trie) if not address.startswith(_LOOPBACK))
    return tuple(dict.fromkeys(found))


def ipv6(if_inet6: str) -> tuple[str, ...]:
    """Global, usable addresses of an if_inet6 table (proc(5)): hex address, scope, flags."""
    found = []
    for line in if_inet6.splitlines():
        address, _, _, scope, flags, *_ = line.split()
        if scope == _GLOBAL_SCOPE and not int(flags, 16) & _TENTATIVE:
            found.append(str(IPv6Address(bytes.fromhex(address))))
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
