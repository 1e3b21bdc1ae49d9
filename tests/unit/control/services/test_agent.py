"""The agent: whether it lives, and that it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.model import Cycle, Stamp
from control.services.agent import NS, is_alive


@pytest.mark.parametrize(
    ("interval_s", "age_s", "alive"),
    [(5, 0, True), (5, 29, True), (5, 31, False), (60, 170, True), (60, 190, False)],
)
def test_an_agent_lives_while_its_readings_are_young(
    interval_s: float, age_s: int, alive: bool
) -> None:
    last = Cycle(Stamp(0, 1000 * NS, "boot"), ())
    assert is_alive(last, interval_s, (1000 + age_s) * NS) is alive


def test_without_any_reading_it_does_not() -> None:
    assert not is_alive(None, 5, 0)


def test_a_cycle_that_hangs_holds_up_the_end_for_a_while_only(tmp_path: Path) -> None:
    config = tmp_path / "nebulxc.toml"
    config.write_text(f'[store]\ndirectory = "{tmp_path}/store"\n')
    done = subprocess.run(
        [sys.executable, "-c", _HANGING, config], capture_output=True, timeout=120, check=False
    )
    told = done.stderr.decode()
    assert done.returncode == 1, told
    assert "the orderly end took longer than 0.5 s" in told
    assert "in read" in told  # the threads' stacks: where it hangs


_HANGING = """
import contextlib, logging, sys, threading
from pathlib import Path
from collector.stats import Stats
from control import opening, stopping
from control.services import agent
from control.settings import config

class Hanging:
    stats = Stats()
    inside = threading.Event()

    def read(self):
        self.inside.set()
        threading.Event().wait()

logging.basicConfig(level=logging.INFO)
opening.collecting = lambda _: contextlib.nullcontext(Hanging())
agent._END_S = 0.5
path = Path(sys.argv[1])
wiring = agent.Wiring(config.parse(path.read_text(), path), "", None)
with stopping.on_signals() as stop, agent.running(wiring, stop) as loop:
    Hanging.inside.wait()
"""
