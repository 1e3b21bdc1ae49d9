"""PCI devices by filter, from sysfs: what OpenNebula's own probe asks lspci for.

The filter is the front-end's pci.conf, whose syntax (YAML with symbols as keys) is read as far as
such files use it. Names are those of the system's pci.ids, if it has one.
"""

from __future__ import annotations

from collector.plain import names, text
from collector.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Settings = Mapping[str, list[str]]

NONE = "0:0"
"""A filter that no device matches: nothing is told unless somebody asks for it."""
_IDS = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids")
_KEYS = ("vendor", "device", "class")


class Device(Record):
    """One device. `address` is "0000:00:1f.2"; ids are four hexadecimal digits; names may be ""."""

    address: str
    vendor: str
    device: str
    class_id: str
    numa_node: int | None
    vendor_name: str
    device_name: str
    class_name: str


def chosen(root: Path | str, conf: str) -> list[Device]:
    """The devices that the front-end's `conf` asks for; none where it is missing."""
    settings = parse(text(conf) or "")
    filters = [each for line in settings.get("filter", [NONE]) for each in line.split(",")]
    if not any(each.strip() not in ("", NONE) for each in filters):
        return []
    found = [device for device in _all(str(root)) if any(matches(f, device) for f in filters)]
    named = _named(str(root), found)
    short, patterns = settings.get("short_address", []), settings.get("device_name", [])
    return [
        device
        for device in named
        if (not short or device.address.removeprefix("0000:") in short)
        and _is_called(device, patterns)
    ]


def matches(pattern: str, device: Device) -> bool:
    """Whether lspci's filter "vendor:device:class" has the device; "" and "*" stand for any."""
    parts = [part.strip().lower() for part in pattern.split(":")]
    ids = (device.vendor, device.device, device.class_id)
    return all(
        part in ("", "*") or part.zfill(4) == own for part, own in zip(parts, ids, strict=False)
    )


def parse(conf: str) -> Settings:
    """`:key: value`, `:key: [a, b]` or a block of `- value` below → values by key."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in conf.splitlines():
        said = line.partition(" #")[0].strip()
        if not said or said.startswith(("#", "---")):
            continue
        if said.startswith("- "):
            found.setdefault(key, []).append(_scalar(said[2:]))
        else:
            key, _, value = said.removeprefix(":").partition(":")
            found[key] = _values(value.strip())
    return found


def _values(value: str) -> list[str]:
    if value.startswith("["):
        return [_scalar(part) for part in value.strip("[]").split(",") if part.strip()]
    return [_scalar(value)] if value else []


def _scalar(value: str) -> str:
    return value.strip().strip("'\"")


def _is_called(device: Device, patterns: Iterable[str]) -> bool:
    if not patterns:
        return True
    import re

    return any(re.search(pattern, device.device_name, re.IGNORECASE) for pattern in patterns)


def _all(root: str) -> Iterator[Device]:
    directory = f"{root}/sys/bus/pci/devices"
    for address in names(directory):
        ids = [(text(f"{directory}/{address}/{key}") or "").removeprefix("0x") for key in _KEYS]
        if all(ids):
            node = text(f"{directory}/{address}/numa_node") or "-1"
            known = int(node) if int(node) >= 0 else None
            yield Device(address, ids[0], ids[1], ids[2][:4], known, "", "", "")


def _named(root: str, devices: list[Device]) -> list[Device]:
    """With names from pci.ids, which is read once and only where there is something to name."""
    if not devices:
        return []
    ids = next((found for path in _IDS if (found := text(f"{root}/{path}"))), "")
    vendors, classes = _tables(ids, devices)
    return [
        Device(
            device.address,
            device.vendor,
            device.device,
            device.class_id,
            device.numa_node,
            *_names_of(vendors, device.vendor, device.device),
            _names_of(classes, device.class_id[:2], device.class_id[2:])[1],
        )
        for device in devices
    ]


def _names_of(table: Mapping[str, dict[str, str]], major: str, minor: str) -> tuple[str, str]:
    names_ = table.get(major, {})
    return names_.get("", ""), names_.get(minor, "")


Table = dict[str, dict[str, str]]


def _tables(ids: str, devices: Iterable[Device]) -> tuple[Table, Table]:
    """Names by vendor and device, by class and subclass, of what `devices` have; "": the group."""
    wanted = {device.vendor for device in devices}, {device.class_id[:2] for device in devices}
    tables: tuple[Table, Table] = {}, {}
    group: dict[str, str] | None = None
    for line in ids.splitlines():
        if not line or line.startswith(("#", "\t\t")):
            continue
        if line.startswith("\t"):
            if group is not None:
                minor, _, name = line[1:].partition("  ")
                group[minor] = name
            continue
        is_class = line.startswith("C ")
        major, _, name = line.removeprefix("C ").partition("  ")
        group = (
            tables[is_class].setdefault(major, {"": name}) if major in wanted[is_class] else None
        )
    return tables
