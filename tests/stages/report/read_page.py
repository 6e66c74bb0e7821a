"""Parse the tables, pictures and text of an HTML page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class ReadPage(HTMLParser):
    """The content of a page.

    Attributes:
        tables: rows of cell texts by caption; the first row holds the headings.
        headings: texts of all headings.
        images: attributes of each image.
        tags: names of all elements.
        text: all visible text, with a space between elements.
    """

    html: str
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._caption = ""
        self.feed(self.html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)
        if tag == "img":
            self.images.append({name: value or "" for name, value in attributes})
        if tag == "caption":
            self._caption = ""
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("th", "td"):
            self.tables[self._caption][-1].append("")
        if tag in ("img", "meta", "wbr", "br"):
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"misplaced end tag of {tag}"

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += f" {data}"
        if {"h1", "h2"} & set(self._open):
            self.headings.append(data)
        if "caption" in self._open:
            self._caption += data
        elif {"th", "td"} & set(self._open):
            self.tables[self._caption][-1][-1] += data
