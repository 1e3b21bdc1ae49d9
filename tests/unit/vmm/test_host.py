import time

import pytest

from vmm.errors import CommandError, DriverError
from vmm.host import Host


def test_what_a_program_writes() -> None:
    assert Host().run("printf", "%s|", "a b", "$HOME", "*") == "a b|$HOME|*|"


def test_stdin_is_empty_and_the_environment_ours() -> None:
    assert Host().run("cat") == ""
    names = {line.partition("=")[0] for line in Host().run("env", env={"A": "1"}).splitlines()}
    assert names == {"PATH", "LC_ALL", "A"}


def test_a_failure_is_explained_once() -> None:
    with pytest.raises(CommandError, match=r"^ls exited with 2: .*nowhere") as caught:
        Host().run("ls", "/nowhere")
    assert caught.value.status == 2


def test_a_program_that_takes_too_long_ends_with_what_it_started() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandError, match="sh did not end in time"):
        Host().run("sh", "-c", "sleep 60 & sleep 60", timeout=0.2)
    assert time.monotonic() - begun < 10


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DriverError, match=r"cannot run nxve-nothing.*; install nxve-nothing"):
        Host().run("nxve-nothing")
