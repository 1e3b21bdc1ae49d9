"""Cgroups and processes that outlived their container."""

from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Life, Sight

SECONDS = 10.0


def check(sight: Sight) -> Iterator[Finding]:
    """A stale group makes LXC give the next start another name, with -1 appended."""
    for life in sight.lives:
        container = life.container
        if life.hangs:
            yield Finding(
                life.name,
                "LXC's monitor lives on without the container",
                container.stub,
                "end the monitor",
                partial(_end, life),
            )
        elif life.idle and container.cgroups.directories():
            left = len(container.cgroups.pids())
            yield Finding(
                life.name,
                f"its cgroups are left over, {f'{left} processes in them' if left else 'empty'}",
                container.cgroups.directories()[0],
                "end those processes and remove the cgroups" if left else "remove the cgroups",
                partial(_remove, life),
            )


def _end(life: Life) -> None:
    life.container.stop(0.0)
    life.container.cgroups.remove(SECONDS)


def _remove(life: Life) -> None:
    life.container.cgroups.kill(SECONDS)
    life.container.cgroups.remove(SECONDS)
