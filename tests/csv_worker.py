"""A worker with a file of its own: python -m tests.csv_worker FOLDER LINES prints how many megabytes it ever took.

Before, and after reading the file and importing everybody in it.
"""

import resource
import sys
from pathlib import Path

from ppe import create_app, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.csv_import import line, review, upload
from ppe.models import Connection, CsvImport, Domain, Organization
from tests.sync.desk import KEY


def main(folder: Path, count: int) -> None:
    app = create_app(Settings("k" * 40, (KEY,), folder, f"sqlite:///{folder}/ppe.db", testing=True))
    with app.app_context(), db.database.connection_context():
        here = Organization.create(name="Contoso", created_at=utcnow())
        Connection.create(organization=here)
        Domain.create(organization=here, name="contoso.example", kind="relay", proof="set-up", created_at=utcnow())
        with (folder / "people.csv").open("w+b") as file:
            for number in range(count):
                who = f"{number}@contoso.example"
                file.write(f"First,Last {number},first.{who},+316{10_000_000 + number},alias.{who}\n".encode())
            before = megabytes()
            one = upload.take(
                here, file, "people.csv", default_role="end_user", send_welcome_mails=True, by_name="Ada", now=utcnow()
            )
        line.proceed(one.id, "", utcnow)
        review.accept(CsvImport.get_by_id(one.id), "Ada", utcnow())
        line.proceed(one.id, "", utcnow)
        sys.stdout.write(f"{before} {megabytes()} {CsvImport.get_by_id(one.id).made}\n")


def megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
