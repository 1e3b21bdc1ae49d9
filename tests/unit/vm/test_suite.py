"""Which half of the suite pytest's arguments are for."""

from collections.abc import Sequence

import pytest
from vm.process import CommandError
from vm.suite import HALVES, halves

IN, OUT = "tests/guest/inside/test_debian.py", "tests/guest/outside/test_rbd.py"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], HALVES),
        (["-k", "oom"], ["inside"]),
        ([IN, "-k", "outside"], ["inside"]),
        (["-x", OUT], ["outside"]),
        ([f"./{OUT}"], ["outside"]),
    ],
)
def test_the_paths_say_which(arguments: list[str], wanted: Sequence[str]) -> None:
    assert list(halves(arguments)) == list(wanted)


def test_paths_of_both_are_two_runs() -> None:
    with pytest.raises(CommandError, match="in two runs"):
        halves([IN, OUT])
