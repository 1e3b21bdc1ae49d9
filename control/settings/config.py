"""The configuration: one TOML file → frozen sections; whatever is wrong in it, with its line.

The sections, their keys and defaults are the classes below; control/nebulxc.example.toml says
in words what each key does, and a test holds the two together. A file that is absent means
the defaults.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import msgspec

from control.problem import Problem
from control.settings import toml_lines, units
from control.settings.driver_section import DriverSection

CONFIG_PATH = Path("/etc/nebulxc/nebulxc.toml")

Seconds = Annotated[float, msgspec.Meta(extra={"parse": units.seconds})]
Bytes = Annotated[int, msgspec.Meta(extra={"parse": units.byte_count})]
AbsolutePath = Annotated[
    str, msgspec.Meta(pattern="^/", description='an absolute path, which begins with "/"')
]
Address = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^.+:\d{1,5}$", description='an address and a port, like "127.0.0.1:8642"'
    ),
]
KeptFor = Annotated[Seconds, msgspec.Meta(ge=7200, description="2h or more")]
SizeCap = Annotated[Bytes, msgspec.Meta(ge=10_000_000, description="10MB or more")]
Section = TypeVar("Section", bound=msgspec.Struct)
Mistake = tuple[toml_lines.Key, str]


class ConfigError(Problem):
    """The file cannot be used; the text has a line per mistake: file, line, key, what to write."""


class CollectorSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[collector]: what is read, and how often."""

    interval: Annotated[Seconds, msgspec.Meta(ge=1, le=3600, description="from 1s to 1h")] = 5.0
    host: str = ""
    datastores: AbsolutePath = "/var/lib/one/datastores"
    lxc_paths: tuple[AbsolutePath, ...] = ("/var/lib/lxc", "/var/lib/nebulxc/ct")


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[store]: where it is kept, and for how long."""

    directory: AbsolutePath = "/var/lib/nebulxc/store"
    keep_raw: KeptFor = 14 * 86_400.0
    keep_minutes: KeptFor = 90 * 86_400.0
    keep_hours: KeptFor = 2 * 31_536_000.0
    size_cap: SizeCap | None = None
    reserve: Bytes = 1024**3


class PageSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[page]: where the page, its API and /metrics answer."""

    enabled: bool = True
    listen: Address = "127.0.0.1:8642"
    token_file: AbsolutePath | None = None
    hosts: tuple[str, ...] = ()
    stale_cycles: Annotated[float, msgspec.Meta(ge=1, description="1 or more")] = 3.0


class MonitoringSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[monitoring]: what OpenNebula's monitord is told."""

    missing_state: Annotated[
        str, msgspec.Meta(pattern="^(POWEROFF|UNKNOWN)$", description='"POWEROFF" or "UNKNOWN"')
    ] = "POWEROFF"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration."""

    collector: CollectorSection = CollectorSection()
    store: StoreSection = StoreSection()
    page: PageSection = PageSection()
    monitoring: MonitoringSection = MonitoringSection()
    driver: DriverSection = DriverSection()


def load(path: Path = CONFIG_PATH, *, required: bool = False) -> Config:
    """The configuration in `path`; ConfigError for anything in it that would not be obeyed."""
    return parse(_read(path, required=required), path)


def _read(path: Path, *, required: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise ConfigError(f"{path}: there is no such file") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def chosen(args: argparse.Namespace) -> Config:
    """The configuration that the command line asks for: --config, or the default file."""
    return parse(*text(args))


def text(args: argparse.Namespace) -> tuple[str, Path]:
    """That configuration as it is written, and where; "-" is the standard input."""
    if args.config is None:
        return _read(CONFIG_PATH, required=False), CONFIG_PATH
    if args.config == "-":
        return sys.stdin.read(), Path("standard input")
    path = Path(args.config)
    return _read(path, required=True), path


def parse(text: str, path: Path) -> Config:
    """The configuration in `text`, which came from `path`."""
    if not text.strip():
        return Config()
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        line = re.search(r"line (\d+)", where)
        last = text.count("\n") + 1
        raise ConfigError(f"{path}:{line[1] if line else last}: not valid TOML: {what}") from None
    mistakes: list[Mistake] = []
    config = _section(Config, table, (), mistakes)
    if mistakes:
        found = toml_lines.lines(text)
        placed = sorted((toml_lines.line_of(found, key), key, what) for key, what in mistakes)
        raise ConfigError(
            "\n".join(f"{path}:{line}: {'.'.join(key)}: {what}" for line, key, what in placed)
        )
    return config


def _section(
    kind: type[Section], table: object, at: toml_lines.Key, mistakes: list[Mistake]
) -> Section:
    """`table` as a `kind`; what is wrong in it is added to `mistakes` and left at its default."""
    if not isinstance(table, dict):
        mistakes.append((at, f"must be a table: write [{'.'.join(at)}] above its keys"))
        return kind()
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            mistakes.append(((*at, key), f"unknown key, {_suggestion(key, fields)}"))
        elif isinstance(fields[key], type) and issubclass(fields[key], msgspec.Struct):
            values[key] = _section(fields[key], value, (*at, key), mistakes)
        else:
            try:
                values[key] = _value(fields[key], value)
            except ValueError as error:
                mistakes.append(((*at, key), str(error)))
    return kind(**values)


def _value(kind: Any, value: object) -> object:  # noqa: ANN401 - any annotation of a field
    parse_unit = next((m.extra["parse"] for m in _metas(kind) if m.extra), None)
    if parse_unit is not None:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} has no unit: write it as text, like {_LIKE[parse_unit]}")
        parsed = parse_unit(value)
    else:
        parsed = value
    try:
        return msgspec.convert(parsed, kind)
    except msgspec.ValidationError as error:
        wanted = next((meta.description for meta in _metas(kind) if meta.description), None)
        why = f"must be {wanted}" if wanted else str(error)
        raise ValueError(f"{value!r} cannot be used: {why}") from None


_LIKE = {units.seconds: '"5s"', units.byte_count: '"5GB"'}


def _metas(kind: Any) -> Iterator[msgspec.Meta]:  # noqa: ANN401 - any annotation of a field
    for argument in get_args(kind):
        if isinstance(argument, msgspec.Meta):
            yield argument
        else:
            yield from _metas(argument)


def _suggestion(key: str, fields: dict[str, Any]) -> str:
    """The nearest key of this table, else one of that name elsewhere, else all of this table."""
    near = difflib.get_close_matches(key, fields, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    for section in msgspec.structs.fields(Config):
        if key in section.type.__struct_fields__:
            return f'did you mean "{key}" in [{section.name}]?'
    return f"the keys here are {', '.join(fields)}"
