import os
import subprocess
import sys
from pathlib import Path

import pytest

from vmm import lock
from vmm.errors import DriverError

HOLD = """
import sys, time
from vmm import lock
with lock.exclusive(sys.argv[1], 1, "it"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_held_and_given_back_with_its_file(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    assert not lock.is_held(path)
    with lock.exclusive(path, 1, "it"):
        assert lock.is_held(path)
    assert not os.path.exists(path)
    with lock.exclusive(path, 1, "it", keep=True):
        pass
    assert os.path.exists(path)
    assert not lock.is_held(path)


def test_given_back_when_the_body_fails(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(KeyError), lock.exclusive(path, 1, "it"):
        raise KeyError
    assert not os.path.exists(path)


def test_another_process_is_waited_for_and_told_of(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DriverError, match="one-7 is busy: another process holds"):
            lock.exclusive(path, 0.1, "one-7").__enter__()
        holder.kill()
        holder.wait()
        # The kernel gave the dead one's lock back; its file is no obstacle.
        with lock.exclusive(path, 1, "one-7"):
            assert lock.is_held(path)
    assert not os.path.exists(path)


def test_many_processes_take_turns(tmp_path: Path) -> None:
    """The file is removed and made anew all the time: no two may ever hold it at once."""
    program = f"""
import os
from vmm import lock
for _ in range(50):
    with lock.exclusive({str(tmp_path / "lock")!r}, 240, "it"):
        os.close(os.open({str(tmp_path / "inside")!r}, os.O_CREAT | os.O_EXCL))
        os.unlink({str(tmp_path / "inside")!r})
"""
    children = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [child.wait(250) for child in children] == [0] * 4
