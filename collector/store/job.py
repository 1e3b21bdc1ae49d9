"""One run of upkeep: where it works and when it has to give way."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Job:
    """A connection of its own to the store, and `stop`, asked between any two transactions."""

    db: sqlite3.Connection
    path: Path
    settings: StoreSettings
    stop: Callable[[], bool]
