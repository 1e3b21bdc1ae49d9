"""The kernel's announcements. The messages are as received on Linux 6.18."""

import os

from collector.uevents import Uevents, block_number

ATTACHED = (
    b"change@/devices/virtual/block/loop0\0ACTION=change\0DEVPATH=/devices/virtual/block/loop0\0"
    b"SUBSYSTEM=block\0MAJOR=7\0MINOR=0\0DEVNAME=loop0\0DEVTYPE=disk\0DISKSEQ=11\0SEQNUM=857\0"
)


def test_a_block_devices_number() -> None:
    assert block_number(ATTACHED) == (7, 0)


def test_others_and_garbage_are_nothing() -> None:
    assert block_number(ATTACHED.replace(b"=block", b"=net")) is None
    assert block_number(ATTACHED.replace(b"MAJOR=7\0", b"")) is None
    assert block_number(b"libudev\0\xfe\xed\xca\xfe") is None


def test_a_subscription_leaves_no_descriptor() -> None:
    before = os.listdir("/proc/self/fd")
    with Uevents() as uevents:
        assert uevents.changed() is not None
    assert uevents.changed() == set()
    assert os.listdir("/proc/self/fd") == before
