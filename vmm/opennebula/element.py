"""An XML element that knows its XPath, so that every refusal can name the place."""

from __future__ import annotations

from vmm.errors import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar
    from xml.etree.ElementTree import Element as Node  # the type alone; parsing is defusedxml's

    T = TypeVar("T")


class Element:
    """One element. Text is stripped; an empty element counts as absent, as OpenNebula means it."""

    def __init__(self, node: Node, xpath: str) -> None:
        self._node = node
        self.xpath = xpath

    @property
    def tag(self) -> str:
        """The element's name."""
        return str(self._node.tag)

    def refuse(self, problem: str, tag: str = "", remedy: str = "") -> SpecError:
        """The error that says `problem` of this element, or of its child `tag`."""
        return SpecError(f"{self.xpath}/{tag}" if tag else self.xpath, problem, remedy)

    def children(self, tag: str) -> list[Element]:
        """Every child of that name, in order."""
        nodes = self._node.findall(tag)
        return [Element(n, f"{self.xpath}/{tag}[{i}]") for i, n in enumerate(nodes, 1)]

    def child(self, tag: str) -> Element | None:
        """The one child of that name; None when there is none."""
        nodes = self._node.findall(tag)
        if len(nodes) > 1:
            raise self.refuse(f"given {len(nodes)} times", tag)
        return Element(nodes[0], f"{self.xpath}/{tag}") if nodes else None

    def need(self, tag: str) -> Element:
        """The one child of that name."""
        found = self.child(tag)
        if found is None:
            raise self.refuse("missing", tag)
        return found

    def text(self, tag: str) -> str:
        """The text of the child of that name, "" when absent; twice the same is once."""
        texts = {(node.text or "").strip() for node in self._node.findall(tag)}
        if len(texts) > 1:
            raise self.refuse("given more than once, with different values", tag)
        return texts.pop() if texts else ""

    def optional(self, tag: str, convert: Callable[[str], T]) -> T | None:
        """The child's text converted; None when absent or empty."""
        text = self.text(tag)
        if not text:
            return None
        try:
            return convert(text)
        except ValueError as problem:
            raise self.refuse(str(problem), tag) from problem

    def required(self, tag: str, convert: Callable[[str], T]) -> T:
        """The child's text converted; refused when absent or empty."""
        value = self.optional(tag, convert)
        if value is None:
            raise self.refuse("missing", tag)
        return value
