"""Configuration → the collector, the store and a command's source of readings."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.store import FILE_NAME, StoreError, StoreReader
from collector.store.settings import StoreSettings
from control.problem import Problem
from control.settings.config import Config
from control.sources import Source, choose

DAY_S = 86_400


def host_name(config: Config) -> str:
    """The `host` label: as configured, else the machine's name."""
    return config.collector.host or os.uname().nodename


def collector_settings(config: Config) -> CollectorSettings:
    """[collector] as the collector takes it."""
    return CollectorSettings(
        host=host_name(config),
        datastores=Path(config.collector.datastores),
        lxc_paths=tuple(map(Path, config.collector.lxc_paths)),
    )


def store_settings(config: Config, group: str | None) -> StoreSettings:
    """[store] as the embedded store takes it; `group` may read it."""
    chosen = config.store
    return StoreSettings(
        raw_days=chosen.keep_raw / DAY_S,
        minute_days=chosen.keep_minutes / DAY_S,
        hour_days=chosen.keep_hours / DAY_S,
        size_cap_bytes=chosen.size_cap,
        free_reserve_bytes=chosen.reserve,
        group=group,
    )


def store_path(config: Config) -> Path:
    """The store's file."""
    return Path(config.store.directory) / FILE_NAME


@contextmanager
def collecting(config: Config) -> Iterator[Collector]:
    """A collector that reads this host, for this block."""
    if os.geteuid() != 0:
        # What only root may read is then missing as is everything unknown, and no fault to tell.
        logging.getLogger("collector").setLevel(logging.ERROR)
    found = Collector(collector_settings(config), SystemClock())
    try:
        yield found
    finally:
        found.close()


@contextmanager
def stored(config: Config) -> Iterator[StoreReader]:
    """The store, for this block; whatever is wrong with it becomes one sentence."""
    from collector.store.sqlite import SqliteReader

    reader = SqliteReader(store_path(config))
    try:
        yield reader
    except StoreError as error:
        raise Problem(str(error)) from error
    finally:
        reader.close()


@contextmanager
def source(config: Config) -> Iterator[Source]:
    """What `ls` and `top` look at: the agent's store, or the host where no agent runs."""
    with stored(config) as reader, collecting(config) as collector:
        yield choose(reader, collector.read, SystemClock(), config.collector.interval)
