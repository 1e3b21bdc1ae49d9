"""Which IP addresses a container has, from its network namespace, without entering it."""

from __future__ import annotations

from collector.plain import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_LEAF, _LOCAL = "|-- ", "/32 host LOCAL"
_LOOPBACK = "127."
_GLOBAL_SCOPE = "00"
_TENTATIVE = 0x40 | 0x08
"""IFA_F_TENTATIVE and IFA_F_DADFAILED (linux/if_addr.h): not usable, or a duplicate."""


def addresses(root: Path | str, pid: int) -> tuple[str, ...]:
    """IPv4 then global IPv6 addresses of the process's namespace; none where it has ended.

    /proc/PID/net is opened and closed here: a kept descriptor would pin a dead namespace.
    """
    net = f"{root}/proc/{pid}/net"
    return (*ipv4(text(f"{net}/fib_trie") or ""), *ipv6(text(f"{net}/if_inet6") or ""))


def ipv4(fib_trie: str) -> tuple[str, ...]:
    """The local addresses of a routing trie, each once, in the kernel's order, without loopback."""
    found: dict[str, None] = {}
    address = ""
    for line in fib_trie.split("\n"):
        said = line.lstrip()
        if said.startswith(_LEAF):
            address = said[len(_LEAF) :]
        elif said == _LOCAL and not address.startswith(_LOOPBACK):
            found[address] = None
    return tuple(found)


def ipv6(if_inet6: str) -> tuple[str, ...]:
    """Global, usable addresses of an if_inet6 table (proc(5)): hex address, scope, flags."""
    found = []
    for line in if_inet6.splitlines():
        address, _, _, scope, flags, *_ = line.split()
        if scope == _GLOBAL_SCOPE and not int(flags, 16) & _TENTATIVE:
            from socket import AF_INET6, inet_ntop  # few have one, and it takes a while

            found.append(inet_ntop(AF_INET6, bytes.fromhex(address)))
    return tuple(found)
