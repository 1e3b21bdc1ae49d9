"""Pure: our block in OpenNebula's oned.conf or monitord.conf, put in and taken out again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN = "# nebulxc: begin (made by 'nebulxc install frontend', taken out by it with --remove)"
END = "# nebulxc: end"
OFF = "#nebulxc# "
"""Before each line that our block replaces."""
_PAIR = re.compile(r'\b([A-Z_]+)\s*=\s*"([^"]*)"')
_QUOTED = re.compile(r'"(\\.|[^"\\])*"')

VM_MAD = """\
VM_MAD = [
    NAME              = "lxc",
    SUNSTONE_NAME     = "LXC",
    EXECUTABLE        = "one_vmm_exec",
    ARGUMENTS         = "-t 15 -r 0 -p nebulxc",
    TYPE              = "xml",
    KEEP_SNAPSHOTS    = "yes",
    LIVE_RESIZE       = "yes",
    COLD_NIC_ATTACH   = "no",
    SUPPORT_SHAREABLE = "yes"
]
"""
"""Named lxc: network drivers, the scheduler and FireEdge go by that name. The last word of
ARGUMENTS is the directory; -p lets actions on different VMs of a host run side by side."""

IM_MAD = """\
IM_MAD = [
    NAME          = "nebulxc",
    SUNSTONE_NAME = "Nebulxc",
    EXECUTABLE    = "one_im_ssh",
    ARGUMENTS     = "-r 3 -t 15 -w 90 nebulxc",
    THREADS       = 0
]
"""


@dataclass(frozen=True, slots=True)
class Vector:
    """One `KEY = [ … ]` of a configuration: its lines are `first` to `last`, both included."""

    key: str
    name: str
    first: int
    last: int


def has(text: str) -> bool:
    """Whether our block is in there."""
    return BEGIN in text.splitlines()


def is_whole(text: str) -> bool:
    """Whether each beginning of a block of ours has its end: what follows it is not ours."""
    marks = [line for line in text.splitlines() if line in (BEGIN, END)]
    return marks == [BEGIN, END] * (len(marks) // 2)


def put_in(text: str, block: str) -> str:
    """`text` with our block in the place of the vector of that key and name, or at the end.

    An administrator's threads, timeouts and other settings go over into ours.
    """
    (ours,) = vectors(block)
    lines = text.splitlines()
    same = [one for one in vectors(text) if (one.key, one.name) == (ours.key, ours.name)]
    if same:
        block = _with_settings(block, lines[same[-1].first : same[-1].last + 1])
    for one in same:
        for place in range(one.first, one.last + 1):
            lines[place] = OFF + lines[place]
    place = same[-1].last + 1 if same else len(lines)
    lines[place:place] = [BEGIN, *block.splitlines(), END]
    return "\n".join(lines) + "\n"


def _with_settings(block: str, former: list[str]) -> str:
    """Our block with the options of the former ARGUMENTS, and the attributes that ours lacks."""
    found = dict(_PAIR.findall("\n".join(_without_comment(line) for line in former)))
    options = found.get("ARGUMENTS", "").split()[:-1]  # the last word is the directory
    if options:
        words = " ".join([*options, *({"-p"} - set(options)), "nebulxc"])
        block = re.sub(r'(\bARGUMENTS\s*=\s*)"[^"]*"', lambda match: f'{match[1]}"{words}"', block)
    own = dict(_PAIR.findall(block))
    more = [f',\n    {name} = "{value}"' for name, value in found.items() if name not in own]
    return block.removesuffix("\n]\n") + "".join(more) + "\n]\n"


def take_out(text: str) -> str:
    """`text` as it was before `put_in`."""
    kept, inside = [], False
    for line in text.splitlines():
        inside = inside or line == BEGIN
        if not inside:
            kept.append(line.removeprefix(OFF))
        inside = inside and line != END
    return "\n".join(kept) + "\n"


def names_us(text: str) -> bool:
    """Whether a vector outside of our block refers to our directories."""
    lines = take_out(text).splitlines()
    return any(
        re.search(r"\bnebulxc\b", "\n".join(lines[one.first : one.last + 1]))
        for one in vectors("\n".join(lines))
    )


def vectors(text: str) -> Iterator[Vector]:
    """Every vector attribute, comments left out."""
    opened: tuple[str, int] | None = None
    name = ""
    for place, line in enumerate(text.splitlines()):
        code = _without_comment(line)
        start = re.match(r"\s*([A-Z_]+)\s*=\s*\[", code)
        if opened is None and start:
            opened, name = (start[1], place), ""
        if opened is None:
            continue
        found = re.search(r'\bNAME\s*=\s*"([^"]*)"', code)
        name = found[1] if found and not name else name
        if "]" in _QUOTED.sub("", code):
            yield Vector(opened[0], name, opened[1], place)
            opened = None


def _without_comment(line: str) -> str:
    """The line up to a # that no quotes enclose."""
    blanked = _QUOTED.sub(lambda match: "x" * len(match[0]), line)
    return line[: blanked.index("#")] if "#" in blanked else line
