"""Frames, markers and signs of ours in ASCII, cell by cell."""

from rich.cells import cell_len

_SIGNS = {
    "│┃║┆┊╎▌▐▏▕▎▍▋▊▉": "|",
    "─━═╸╺╴╶┄┈╌▔▁": "-",
    "┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬╞╡╪┏┓┗┛┣┫┳┻╋┡┩╇": "+",
    "▇█▄▀▆▅▃▂■▖▗▘▙▚▛▜▝▞▟▓▒░": "#",
    "●★⬤•◉": "*",
    "○◌": "o",
    "◆": "%",
    "□": "=",
    "◇": "@",
    "▼↓▾": "v",
    "▲↑▴": "^",
    "▸→▶›»": ">",
    "◂←◀‹«": "<",
    "≤": "<",
    "≥": ">",
    "·∙": ".",
    "…": "~",
    "–—−‐": "-",
    "×": "x",
    "✓✔": "+",
    "‖": "|",
    "Δ": "d",
    "α": "a",
    "ε": "e",
    "²": "2",
    "’‘": "'",
    "“”": '"',
    "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}": " ",
}
_ONE_CELL = str.maketrans({sign: ascii_sign for signs, ascii_sign in _SIGNS.items() for sign in signs})
_TWO_CELLS = {"≤ ": "<=", "≥ ": ">="}


def to_ascii(text: str) -> str:
    """`text` in ASCII and in as many cells; what has no ASCII of its own (names of classes) becomes question marks."""
    if text.isascii():
        return text
    for sign, ascii_sign in _TWO_CELLS.items():
        text = text.replace(sign, ascii_sign)
    text = text.translate(_ONE_CELL)
    return "".join(sign if sign.isascii() else _unknown(sign) for sign in text)


def _unknown(sign: str) -> str:
    """Braille dots of plots become points, and everything else as many question marks as it has cells."""
    return ("." if "\u2801" <= sign <= "\u28ff" else " ") if "\u2800" <= sign <= "\u28ff" else "?" * cell_len(sign)
