"""HTTP/1.1 as Microsoft's hosts speak it: connections stay open, and an answer leaves in one piece.

Werkzeug's own handler closes the connection after each answer, because it cannot know what of the request was read.
Here the whole body is read before the application runs, and the whole answer is there before it is sent.
"""

import socket
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app


class Handler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    # Head and body leave together and at once: else each answer waits for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.writelines(chunks)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Stay silent: the practice server keeps its own log."""


class Server(ThreadedWSGIServer):
    """Closes its connections when it stops: one that is kept open must not outlive its server."""

    def __init__(self, host: str, port: int, app: Flask) -> None:
        super().__init__(host, port, app, Handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are still open."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker
