"""An import is one straight line: read, reviewed, applied. The worker takes it as far as it goes now."""

import structlog

from ppe import work
from ppe.csv_import import applying, reading
from ppe.errors import RunLost
from ppe.models import READING, CsvImport
from ppe.work import Clock

log = structlog.get_logger()


def proceed(import_id: int, phone_region: str, clock: Clock) -> None:
    """Read or apply; nothing happens if another worker has it."""
    one = work.claim(CsvImport, import_id, clock())
    if one is None:
        return
    try:
        if one.state == READING:
            reading.to_the_end(one, phone_region, clock)
        else:
            applying.to_the_end(one, clock)
    except RunLost:
        log.info("CSV import was cancelled or taken over", csv_import=import_id)
