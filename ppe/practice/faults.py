"""Answers that no client should have to see: gateways, cut bodies, dropped connections."""

import gzip
import socket

from flask import Response, request

from ppe.practice.weather import Outage, PageFault, Weather, unavailable

GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n"
    "</body>\r\n</html>\r\n"
)
LONGEST_HANG = 120.0


def gateway() -> Response:
    """Answer like a gateway in front of Graph: HTML, and no word of JSON."""
    return Response(GATEWAY_PAGE, 502, content_type="text/html")


def reset() -> Response:
    """Drop the connection; what Flask then wants to write goes nowhere."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)


def truncated_gzip() -> Response:
    """Answer 200 with a compressed body that stops half way."""
    whole = gzip.compress(b'{"value":[' + b"0," * 500 + b"0]}")
    answer = Response(whole[: len(whole) // 2], content_type="application/json")
    answer.headers["Content-Encoding"] = "gzip"
    return answer


def outage(kind: Outage | PageFault, weather: Weather) -> Response:
    """Answer instead of Graph. Raises GraphError where Graph itself says that it is not available."""
    if kind == "hang":
        weather.wait(LONGEST_HANG)
    if kind == "html":
        return gateway()
    if kind == "reset":
        return reset()
    if kind == "truncated_gzip":
        return truncated_gzip()
    raise unavailable()
