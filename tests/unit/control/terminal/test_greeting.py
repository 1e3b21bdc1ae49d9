from typing import Any

from collector.model import Column
from control.terminal.greeting import Started, greeting, running


def lines(**changes: Any) -> list[str]:
    values: dict[str, Any] = {
        "containers": ["a", "b"],
        "interval_s": 5.0,
        "store": "/s",
        "command": "sudo nebulxc",
        "url": "http://127.0.0.1:8642/",
    }
    return greeting(Started(**values | changes)).splitlines()


def test_the_first_line_is_the_url() -> None:
    assert lines() == [
        "The page: http://127.0.0.1:8642/",
        "Sampling 2 containers every 5 s into /s: a, b",
        "In the terminal: sudo nebulxc top",
        "Ctrl-C ends it.",
    ]


def test_over_ssh_the_tunnel_is_shown() -> None:
    (_, tunnel, *_) = lines(ssh="192.0.2.9 51234 198.51.100.7 22")
    assert tunnel.strip() == ("from your machine: ssh -N -L 8642:127.0.0.1:8642 198.51.100.7")
    (_, tunnel, *_) = lines(ssh="192.0.2.9 51234 198.51.100.7 2222")
    assert "ssh -N -p 2222 -L" in tunnel


def test_no_page_no_url() -> None:
    assert lines(url=None)[0].startswith("Sampling")


def test_no_containers_says_what_to_do() -> None:
    assert "No container runs yet" in lines(containers=[])[1]


def test_a_store_that_takes_nothing_is_no_success() -> None:
    assert "/s (which takes nothing now: see the error above)" in lines(stored=False)[1]
    assert "takes nothing" not in lines()[1]


def test_many_containers_are_counted() -> None:
    names = [str(number) for number in range(200)]
    assert lines(containers=names)[1].endswith(": 0, 1, 2, 3, 4 and 195 more")
    assert "1 container every" in lines(containers=["x"])[1]


def test_a_demo_is_told_to_go() -> None:
    assert lines(demo=True)[-1] == "Ctrl-C ends it and removes the demo."


def test_what_is_defined_and_does_not_run_is_not_called_sampled(cycle: Any) -> None:
    def state(name: str, value: float) -> dict[Column, float]:
        return {Column("lxc_state", (("state", name),)): value}

    stopped = state("running", 0) | state("stopped", 1)
    containers = {"b\x1b[2J": state("running", 1), "idle": stopped, "a": state("frozen", 1)}
    assert running(cycle(containers)) == ["a", "b?[2J"]
