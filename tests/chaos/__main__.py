"""`make chaos`, with SEED=… for a storm that was seen before; it ends by itself within five minutes."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import postgresql
from tests.chaos.story import Size, Story
from tests.databases import DATABASES, SQLITE

LONGEST = 290.0


def main() -> None:
    """Tell one story on the database of choice."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--people", type=int, default=Size.people)
    parser.add_argument("--syncs", type=int, default=Size.syncs)
    parser.add_argument("--database", choices=DATABASES, default=SQLITE)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        _tell(chosen, stack)


def _tell(chosen: argparse.Namespace, stack: ExitStack) -> None:
    """What is left of a broken one is kept."""
    folder = Path(tempfile.mkdtemp(prefix="ppe-chaos-"))
    _say(f"seed {chosen.seed}; the logs are in {folder}")
    url = f"sqlite:///{folder}/ppe.db" if chosen.database == SQLITE else stack.enter_context(_postgresql())
    story = Story(folder, chosen.seed, Size(chosen.people, chosen.syncs), url)
    watchdog = threading.Timer(LONGEST, _give_up, (story, chosen.seed))
    watchdog.daemon = True
    watchdog.start()
    outcome = story.tell()
    watchdog.cancel()
    _say(outcome.summary)
    if outcome.broken:
        _say("\n".join(outcome.broken[:20]))
        sys.exit(f"{len(outcome.broken)} promises broken with seed {chosen.seed}; see {folder}")
    shutil.rmtree(folder)
    _say("In step with the directory; each change once; no mail lost.")


@contextmanager
def _postgresql() -> Iterator[str]:
    """An empty database on a server that ends with the story."""
    programs = postgresql.programs()
    if programs is None:
        sys.exit(postgresql.MISSING)
    with postgresql.running(programs) as server:
        yield server.url(server.create())


def _give_up(story: Story, seed: int) -> None:
    """Whatever hangs, it hangs no longer."""
    story.house.end()
    _say(f"Not finished within {LONGEST:.0f} seconds with seed {seed}.")
    os._exit(1)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
