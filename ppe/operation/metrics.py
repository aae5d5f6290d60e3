"""Numbers for Prometheus, read from the tables: every web process says the same, and a restart forgets nothing.

What only grows is counted in `Tally` by those who do the deeds; everything else is how the tables stand.
An organisation is named by its number alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ppe import tally
from ppe.db import database, execute
from ppe.models import ACCOUNT_TYPES, REVIEW, WORKING_STATES, Connection
from ppe.operation.health import worker_seen
from ppe.sync.tallies import EDGES

COUNTERS = {
    "runs": ("Syncs that ended, by how they came about and how they ended.", ("how", "outcome")),
    "objects": ("People and groups read from directories, in syncs that ended.", ("kind",)),
    "changes": ("Changes of syncs that were carried out, by section and what became of them.", ("section", "outcome")),
    "throttles": ("Pauses that Microsoft asked for.", ()),
    "mails": ("Mails by kind: sent (or no longer wanted), postponed to another try, given up.", ("kind", "outcome")),
}
COUNTS = {
    "reviews_waiting": (
        "Lists of changes that wait for an administrator.",
        "SELECT COUNT(*) FROM sync_run WHERE state = ?",
        (REVIEW,),
    ),
    "held_changes_waiting": (
        "Changes that unattended syncs held back and that wait for an administrator.",
        (
            "SELECT COUNT(*) FROM sync_change c JOIN sync_run r ON r.id = c.run_id"
            " WHERE r.state = ? AND r.held_from_id IS NOT NULL"
        ),
        (REVIEW,),
    ),
    "mails_waiting": (
        "Mails that are still to be sent.",
        "SELECT COUNT(*) FROM mail WHERE sent_at IS NULL AND given_up_at IS NULL",
        (),
    ),
    "mails_given_up": (
        "Mails of the last 30 days that could not be sent.",
        "SELECT COUNT(*) FROM mail WHERE given_up_at IS NOT NULL",
        (),
    ),
}
BY_KIND = {
    "runs_at_work": (
        "Syncs at work, by state.",
        "state",
        WORKING_STATES,
        "SELECT state, COUNT(*) FROM sync_run WHERE holds_connection GROUP BY state",
    ),
    "accounts": (
        "Accounts that are not removed, by type.",
        "type",
        ACCOUNT_TYPES,
        "SELECT type, COUNT(*) FROM account WHERE removed_at IS NULL GROUP BY type",
    ),
}
DAY = timedelta(days=1)
ORG = "organization"


def exposition(pending: Callable[[], int], now: datetime) -> bytes:
    """All numbers in Prometheus' text format. `pending` says how many tasks the queue holds."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Tables(pending, now))
    return generate_latest(registry)


class _Tables(Collector):
    def __init__(self, pending: Callable[[], int], now: datetime) -> None:
        self._pending = pending
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Every family once."""
        yield from _counters()
        for name, (meaning, statement, parameters) in COUNTS.items():
            yield GaugeMetricFamily(f"ppe_{name}", meaning, value=execute(statement, parameters).fetchone()[0])
        for name, (meaning, label, kinds, statement) in BY_KIND.items():
            found = dict(execute(statement).fetchall())
            yield _gauge(name, meaning, label, {kind: found.get(kind, 0) for kind in kinds})
        yield GaugeMetricFamily("ppe_queue_length", "Tasks that wait for a worker.", value=self._pending())
        yield from self._connections()
        seen = worker_seen(database)
        if seen is not None:
            age = (self._now - seen).total_seconds()
            yield GaugeMetricFamily("ppe_worker_heartbeat_age_seconds", "Since a worker was last seen.", value=age)

    def _connections(self) -> Iterator[Metric]:
        """How each organisation's connection is, once it is set up."""
        rows = Connection.select().where(
            Connection.primary_domain != "", Connection.application_id != "", Connection.ad_key.is_null(False)
        )
        failing, since, left, due = {}, {}, {}, {}
        for row in rows:
            name = str(row.organization_id)
            failing[name] = float(row.failing_since is not None)
            if row.last_successful_sync is not None:
                since[name] = (self._now - row.last_successful_sync).total_seconds()
            if row.secret_expiry is not None:
                left[name] = (row.secret_expiry - self._now) / DAY
            if row.sync_frequency and row.next_sync_at is not None:
                due[name] = max(0.0, (self._now - row.next_sync_at).total_seconds())
        yield _gauge("connection_failing", "1 while the unattended syncs of an organisation fail.", ORG, failing)
        yield _gauge("connection_seconds_since_success", "Since the last sync that went well.", ORG, since)
        yield _gauge(
            "connection_overdue_seconds", "How long an unattended sync has been due and has not begun.", ORG, due
        )
        yield _gauge("secret_days_left", "Until the client secret expires, where Microsoft says when.", ORG, left)


def _gauge(name: str, meaning: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"ppe_{name}", meaning, labels=[label])
    for kind, value in values.items():
        family.add_metric([kind], value)
    return family


def _counters() -> Iterator[Metric]:
    families = {
        name: CounterMetricFamily(f"ppe_{name}", meaning, labels=labels) for name, (meaning, labels) in COUNTERS.items()
    }
    took: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, labels, value in tally.read():
        if name in families:
            families[name].add_metric([labels[label] for label in COUNTERS[name][1]], value)
        elif name == "run_durations":
            took[labels["how"]][labels["le"]] += value
        elif name == "run_milliseconds":
            took[labels["how"]]["sum"] += value
    if not families["throttles"].samples:
        families["throttles"].add_metric([], 0)  # a counter that begins with its first deed hides that deed
    yield from families.values()
    yield _durations(took)


def _durations(took: dict[str, dict[str, int]]) -> HistogramMetricFamily:
    """Prometheus wants each bucket to hold those below it, too."""
    family = HistogramMetricFamily(
        "ppe_run_seconds", "How long syncs took, without waiting for a person.", labels=["how"]
    )
    for how, counts in took.items():
        total, buckets = 0, []
        for edge in (*map(str, EDGES), "+Inf"):
            total += counts[edge]
            buckets.append((edge, float(total)))
        family.add_metric([how], buckets, counts["sum"] / 1000)
    return family
