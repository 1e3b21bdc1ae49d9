"""A process that is gone, or going, has no descriptor; any other trouble is told."""

import errno
import os
import subprocess

import pytest

from collector.pidfd import opened


def test_of_a_process_that_runs() -> None:
    fd = opened(os.getpid())
    assert fd is not None
    os.close(fd)


def test_of_one_that_ended() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert opened(process.pid) is None


@pytest.mark.parametrize(("number", "gone"), [(errno.EINVAL, True), (errno.EMFILE, False)])
def test_what_the_kernel_answers(monkeypatch: pytest.MonkeyPatch, number: int, gone: bool) -> None:
    def refused(_pid: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pidfd_open", refused)
    if gone:
        assert opened(1) is None
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            opened(1)
