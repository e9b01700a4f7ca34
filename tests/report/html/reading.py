"""A page as html5lib, which parses as browsers do, reads it."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import html5lib


def parsed(page: str) -> Any:
    """The page's root element, without namespaces; raises where the page is not well-formed HTML 5."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def fragment(text: str) -> Any:
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(text)


def words(element: Element) -> str:
    """The text in an element, blanks as one."""
    return " ".join("".join(element.itertext()).split())


def tables(root: Element) -> Iterator[list[list[str]]]:
    """Every table's rows of cells; a value's interval is in its cell."""
    for table in root.iter("table"):
        yield [[words(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
