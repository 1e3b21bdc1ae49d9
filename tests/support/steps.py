"""One step of an installation, done and undone."""

from control.install.step import Step


def applied(step: Step) -> None:
    """Apply a step that has something to do, after which it has not."""
    assert step.missing()
    step.apply()
    assert step.missing() == ""


def removed(step: Step) -> None:
    """Remove what a step left, after which nothing of it is left."""
    assert step.leftover()
    step.remove()
    assert step.leftover() == ""
