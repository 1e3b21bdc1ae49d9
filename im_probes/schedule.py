"""Pure: which message is due when, in monotonic seconds."""

from collections.abc import Mapping
from typing import Generic, TypeVar

Task = TypeVar("Task")

BACK_OFF_S = (1, 1, 1, 2, 4, 8, 8, 16, 32, 64)
"""Seconds to the next try after the first, second, … failure in a row."""


class Schedule(Generic[Task]):
    """Tasks with a period each. Missed turns are not made up for."""

    def __init__(self, periods_s: Mapping[Task, float], now_s: float) -> None:
        self._periods_s = periods_s
        self._due_s = {task: now_s + period for task, period in periods_s.items()}
        self._failures = dict.fromkeys(periods_s, 0)

    def due(self, now_s: float) -> list[Task]:
        """What is due, in the order of the periods' table."""
        return [task for task, due in self._due_s.items() if due <= now_s]

    def wait_s(self, now_s: float) -> float:
        """Seconds until something is due."""
        return max(0.0, min(self._due_s.values()) - now_s)

    def sooner(self, task: Task, at_s: float) -> None:
        """Make `task` due at `at_s` if it is not due before."""
        self._due_s[task] = min(self._due_s[task], at_s)

    def done(self, task: Task, now_s: float) -> None:
        """It worked: the next turn is one period on, on the grid it had."""
        period, due = self._periods_s[task], self._due_s[task]
        self._failures[task] = 0
        self._due_s[task] = due + period if due + period > now_s else now_s + period

    def failed(self, task: Task, now_s: float) -> int:
        """It did not: back off, never longer than its period; how often it failed in a row."""
        failures = self._failures[task]
        wait = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
        self._failures[task] = failures + 1
        self._due_s[task] = now_s + min(wait, max(self._periods_s[task], 1))
        return failures + 1
