"""Builds networks without a connection: some packages' factories would download weights."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

REFUSED = "nothing is downloaded"


@contextmanager
def no_connections() -> Iterator[None]:
    """Let every look-up of a host and every new connection of this process raise OSError."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(REFUSED)

    connect, look_up = socket.socket.connect, socket.getaddrinfo
    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.getaddrinfo = look_up
