"""A reverse proxy with a password on loopback, as nginx is set up in docs/security.md."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase

PUBLIC = "desk.example"
AUTHORIZATION = "Basic " + base64.b64encode(b"ann:a password").decode()


@contextmanager
def proxied(address: str) -> Iterator[str]:
    """The address of a proxy before ``address``; without the password it answers 401 itself."""
    host, _, port = address.rpartition(":")

    class Exchange(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = [self.rfile.readline()]
            while (line := self.rfile.readline()).strip():
                head.append(line)
            if f"authorization: {AUTHORIZATION}".lower() not in _lines(head):
                self.wfile.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection((host, int(port))) as upstream:
                upstream.sendall(_passed_on(head, self.client_address[0]))
                threading.Thread(target=_copied, args=(self.rfile, upstream), daemon=True).start()
                while data := upstream.recv(65536):
                    self.wfile.write(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Exchange) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _lines(head: list[bytes]) -> list[str]:
    return [line.decode("latin-1").strip().lower() for line in head]


def _passed_on(head: list[bytes], client: str) -> bytes:
    """The request with the headers of a proxy; one answer a connection, except of websockets."""
    names = ("authorization:", "connection:", "x-forwarded-")
    own = [f"X-Forwarded-For: {client}", "X-Forwarded-Proto: https"]
    is_upgrade = any(line.startswith("upgrade:") for line in _lines(head))
    own.append(f"Connection: {'upgrade' if is_upgrade else 'close'}")
    kept = [line for line in head if not line.lower().decode("latin-1").startswith(names)]
    return b"".join(kept) + "\r\n".join([*own, "", ""]).encode()


def _copied(source: BufferedIOBase, upstream: socket.socket) -> None:
    try:
        while data := source.read1(65536):
            upstream.sendall(data)
    except OSError:  # the other side is done
        return
