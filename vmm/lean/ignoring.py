"""`contextlib.suppress` without contextlib, which takes a hook longer to import than to run:
it pulls in collections and functools. Imported by hooks: keep it lean.
"""


class Ignoring:
    """`with Ignoring(FileNotFoundError):` ends quietly where one of these errors comes up."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self._kinds)
