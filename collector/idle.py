"""Files that stand still while their container uses no CPU time: not read in an idle one.

Only for what the container's own tasks begin: none is killed, and none begins to wait for memory
or a disk, without running. Whoever was moved here from another cgroup shows in the next round.
"""

from pathlib import Path

from collector.files import Text
from collector.formats import Parser, Values
from collector.pace import Pace


class CpuTime(Text[Values]):
    """The file that tells the CPU time used so far: its news say that the container ran.

    Read before the others: what happens between them makes it other news in the next cycle.
    """

    __slots__ = ("_pace",)

    def __init__(self, pace: Pace, path: Path, parse: Parser) -> None:
        super().__init__(path, parse)
        self._pace = pace

    def look(self) -> bool:
        """As of any Text."""
        self._pace.ran = True  # also where reading fails: then it may have
        self._pace.ran = is_new = super().look()
        return is_new


class WhenRan(Text[Values]):
    """Read when the container ran, while the file goes on changing, and once per round.

    A task that began to wait needs no CPU time to go on waiting.
    """

    __slots__ = ("_moves", "_pace", "_round")

    def __init__(self, pace: Pace, path: Path, parse: Parser) -> None:
        super().__init__(path, parse)
        self._pace, self._round, self._moves = pace, -1, True

    def look(self) -> bool:
        """As of any Text; False where there is no reason to look."""
        pace = self._pace
        if not (pace.ran or self._moves or self._round != pace.round):
            return False
        self._moves = True  # what fails is tried again in the next cycle
        self._moves = is_new = super().look()
        self._round = pace.round
        return is_new
