"""The words and signs of a query, each with its place in the text."""

import re
from dataclasses import dataclass

from thinice_tui.safe_io.printable import printable

KEYWORDS = ("and", "or", "not")
UNKNOWN = ("none", "?")
SHOWN_CHARACTERS = 40

_TOKEN = re.compile(
    r"""(?P<quoted> (?: "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+' ) \*? )
    | (?P<unclosed> ["'].* )
    | (?P<operator> [<>!]=|[=<>~:] )
    | (?P<symbol> [(),!] )
    | (?P<word> [^\s()=!<>~:,"'] [^\s()=!<>~:,]* )""",
    re.VERBOSE | re.DOTALL,
)
_NEEDS_NO_QUOTES = re.compile(r"""[^\s()=!<>~:,"'\\*]+""")


class QueryError(ValueError):
    """What is wrong with text[start:end], what was expected, and what to do; 0 <= start < end <= len(text)."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Token:
    """One word or sign, text[start:end] of the query.

    kind: quoted, unclosed, operator, symbol, word or keyword. text: without quotes, escapes and a star at the end; a
    keyword in lower case. starred: whether a star follows.
    """

    kind: str
    text: str
    starred: bool
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it can be a field or a value."""
        return self.kind in ("word", "quoted")

    @property
    def is_unknown(self) -> bool:
        """Whether it is the value `none` or `?`, without quotes."""
        return self.kind == "word" and not self.starred and self.text.lower() in UNKNOWN

    @property
    def shown(self) -> str:
        """The token in quotes, for a message."""
        return f"'{shortened(self.text + '*' * self.starred)}'"

    def error(self, message: str) -> QueryError:
        """A QueryError that marks this token."""
        return QueryError(message, self.start, self.end)

    def is_one_of(self, *texts: str) -> bool:
        """Whether it is one of these keywords or signs, and not a name that is written alike."""
        return self.kind in ("keyword", "operator", "symbol") and self.text in texts


def tokenize(text: str) -> list[Token]:
    """The tokens of any text: every character but a blank is in one; an unclosed quote reaches to the end."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, content = str(match.lastgroup), match[0]
        starred = kind in ("quoted", "word") and content.endswith("*")
        content = content.removesuffix("*") if starred else content
        if kind in ("quoted", "unclosed"):
            content = re.sub(r"""\\(["'\\])""", r"\1", content[1:-1] if kind == "quoted" else content[1:])
        elif content.lower() in KEYWORDS and not starred:
            kind, content = "keyword", content.lower()
        tokens.append(Token(kind, content, starred, match.start(), match.end()))
    return tokens


def quoted(name: str) -> str:
    """`name` as a query writes it: in quotes where it would mean something else without them."""
    if _NEEDS_NO_QUOTES.fullmatch(name) and name.lower() not in (*KEYWORDS, *UNKNOWN):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shortened(text: str) -> str:
    """`text` for a message: without control characters, at most SHOWN_CHARACTERS long."""
    text = printable(text)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
