"""No connection is made while a network is built, and connections are made again after it."""

import socket
import urllib.error
import urllib.request

import pytest

from thinice_tui.models.architectures.offline import no_connections


def test_no_connection_is_made_inside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with no_connections():
            with pytest.raises(OSError, match="nothing is downloaded"):
                socket.create_connection(("127.0.0.1", port), timeout=1)
            with pytest.raises(urllib.error.URLError, match="nothing is downloaded"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
            with socket.socket() as client, pytest.raises(OSError, match="nothing is downloaded"):
                client.connect(("127.0.0.1", port))
        with pytest.raises(ZeroDivisionError), no_connections():
            raise ZeroDivisionError
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
