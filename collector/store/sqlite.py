"""The embedded store on SQLite: its two halves. docs/store.md says how it works."""

from collector.store.reader import SqliteReader
from collector.store.settings import StoreSettings
from collector.store.writer import SqliteWriter

__all__ = ["SqliteReader", "SqliteWriter", "StoreSettings"]
