"""Ports of this machine alone that stay free until the program that a test starts for one takes it."""

import random
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"
# Below those that a system hands out by itself: whoever connects to anywhere could be given one of these meanwhile.
_PORTS = range(20_000, 32_000)
_dice = random.SystemRandom()


def free_port() -> int:
    """One that nobody listens on."""
    while True:
        port = _dice.choice(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port
