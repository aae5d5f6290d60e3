"""`python -m ppe.practice`: serve a practice tenant until interrupted."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from ppe.practice.server import NotLoopback, PracticeServer
from ppe.practice.tenant import Tenant


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m ppe.practice", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; no other is accepted")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PRACTICE_PORT", "8001")))
    parser.add_argument("--smtp-port", type=int, default=0, help="where the mail server listens; 0: on any free port")
    parser.add_argument("--people", type=int, default=60, help="users of the company, rooms and guests included")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another company")
    parser.add_argument("--groups", type=int, help="groups of the company")
    parser.add_argument("--aliases", type=int, help="aliases of everybody together")
    parser.add_argument("--state", type=Path, help="file in which the tenant outlives a restart")
    parser.add_argument("--recording", type=Path, help="folder of recorded answers to serve instead of a company")
    parser.add_argument("--delta-page", type=int, default=200, help="objects on a page of a delta round")
    return parser.parse_args()


def tenant_for(options: argparse.Namespace) -> Tenant:
    """Return the tenant that was asked for; what is saved in the state file comes first."""
    if options.state and options.state.exists():
        return Tenant.load(options.state)
    if options.recording:
        return Tenant.recorded(options.recording)
    return Tenant.company(options.people, options.seed, options.groups, options.aliases)


def main() -> None:
    """Serve until interrupted."""
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server = PracticeServer(
            tenant_for(options),
            host=options.host,
            port=options.port,
            delta_page=options.delta_page,
            state=options.state,
            smtp_port=options.smtp_port,
        )
    except NotLoopback as refusal:
        sys.exit(str(refusal))
    with server:
        sys.stdout.write(f"Practice tenant {server.domain} on {server.url}\n")
        sys.stdout.write(f"Mail to 127.0.0.1:{server.smtp_port} and texts to {server.sms_url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return  # asked to stop, by hand or by a process manager


if __name__ == "__main__":
    main()
