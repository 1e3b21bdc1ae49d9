from pathlib import Path

from collector.addresses import addresses, ipv4, ipv6

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.77.0.0/24 2 0 2
        |-- 10.77.0.0
           /24 link UNICAST
        |-- 10.77.0.2
           /32 host LOCAL
        |-- 10.77.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
Local:
        |-- 10.77.0.2
           /32 host LOCAL
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000021656fffe010203 02 40 20 80     eth0
20010db8000000000000000000000007 02 40 00 80     eth0
20010db8000000000000000000000008 02 40 00 40     eth0
"""


def test_each_usable_address_once() -> None:
    assert ipv4(FIB_TRIE) == ("10.77.0.2",)
    assert ipv6(IF_INET6) == ("2001:db8::7",)


def test_a_process_that_ended_has_none(tmp_path: Path) -> None:
    assert addresses(tmp_path, 7) == ()
