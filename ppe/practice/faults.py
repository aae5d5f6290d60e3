"""Answers that no client should have to see: gateways, cut bodies, dropped connections."""

import gzip
import socket

from flask import Response, request

from ppe.practice.weather import Outage, PageFault, SignInOutage, Weather, unavailable

GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n"
    "</body>\r\n</html>\r\n"
)
BUSY_PAGE = (
    "<!DOCTYPE html>\r\n<html><head><title>Service Unavailable</title></head>\r\n<body>"
    "<h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p></body></html>\r\n"
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


def sign_in_outage(kind: SignInOutage, weather: Weather) -> Response:
    """Answer instead of the sign-in host: there it is a page for people that comes, even where JSON is due."""
    if kind == "hang":
        weather.wait(LONGEST_HANG)
    if kind == "refuse":
        return reset()
    return Response(BUSY_PAGE, 503, content_type="text/html; charset=us-ascii")
