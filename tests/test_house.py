"""Who may import whom (docs: CONTRIBUTING.md). A module that wants to import against this is in the wrong place."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ppe"

PURE = (
    "ppe.chart",
    "ppe.mail_addresses",
    "ppe.overtaken",
    "ppe.sync.as_functional",
    "ppe.sync.plan",
    "ppe.sync.change",
    "ppe.sync.contest",
    "ppe.sync.desired",
    "ppe.sync.entry",
    "ppe.sync.fields",
    "ppe.sync.report",
    "ppe.sync.safety",
    "ppe.sync.schedule",
    "ppe.sync.shared_mailbox",
    "ppe.sync.undo",
)
# The first pattern that fits a module says what of ppe it may import.
MAY_IMPORT = (
    ("ppe", ("ppe.*",)),
    ("ppe.models", ("ppe.db",)),
    ("ppe.db", ("ppe.config",)),
    ("ppe.errors", ()),
    ("ppe.clock", ()),
    ("ppe.config", ("ppe.delivery_settings", "ppe.errors", "ppe.operation_settings")),
    ("ppe.delivery_settings", ("ppe.errors",)),
    ("ppe.operation_settings", ("ppe.errors",)),
    ("ppe.outbox", ("ppe.db", "ppe.models", "ppe.tally")),
    ("ppe.tally", ("ppe.db", "ppe.models")),
    ("ppe.sms", ("ppe.config", "ppe.delivery_settings", "ppe.errors")),
    ("ppe.smtp", ("ppe.errors",)),
    ("ppe.extensions", ("ppe.config", "ppe.headers", "ppe.smtp")),
    ("ppe.mail.letters", ("ppe.errors", "ppe.mail.notice_words", "ppe.models", "ppe.signin.*", "ppe.sync.daily",
                          "ppe.sync.summary")),
    ("ppe.mail.notice_words", ("ppe.models", "ppe.sync.*")),
    ("ppe.mail.mailer", ("ppe.config", "ppe.delivery_settings", "ppe.errors", "ppe.extensions", "ppe.mail.letters",
                         "ppe.outbox", "ppe.smtp", "ppe.models")),
    ("ppe.cli", ("ppe.audit", "ppe.clock", "ppe.config", "ppe.db", "ppe.encryption", "ppe.errors", "ppe.mail.mailer",
                 "ppe.models", "ppe.setup", "ppe.signin.*", "ppe.sms")),
    ("ppe.cli_operations", ("ppe.cli", "ppe.clock", "ppe.config", "ppe.db", "ppe.errors", "ppe.models",
                            "ppe.operation.backup", "ppe.operation.restore", "ppe.sync.*")),
    ("ppe.operation.postgresql_tools", ("ppe.errors",)),
    ("ppe.operation.backup", ("ppe.config", "ppe.db", "ppe.errors", "ppe.models", "ppe.operation.postgresql_tools")),
    ("ppe.operation.restore", ("ppe.audit", "ppe.config", "ppe.db", "ppe.errors", "ppe.outbox", "ppe.models",
                               "ppe.operation.backup", "ppe.operation.health", "ppe.operation.postgresql_tools",
                               "ppe.sync.schedule", "ppe.sync.tallies")),
    *((pure, ("ppe.errors", *PURE)) for pure in PURE),
    ("ppe.sync.graph", ("ppe.errors", "ppe.mail_addresses", "ppe.sync.batch", "ppe.sync.entry", "ppe.sync.login",
                        "ppe.sync.shared_mailbox", "ppe.sync.wire")),
    ("ppe.sync.*", ("ppe.accounts", "ppe.audit", "ppe.config", "ppe.db", "ppe.directory_links", "ppe.domains",
                    "ppe.encryption", "ppe.errors", "ppe.exemptions", "ppe.mail_addresses", "ppe.outbox",
                    "ppe.models", "ppe.signin.contacts", "ppe.sync.*", "ppe.tally")),
    ("ppe.signin*", ("ppe.audit", "ppe.config", "ppe.db", "ppe.encryption", "ppe.errors", "ppe.outbox",
                     "ppe.models", "ppe.signin*", "ppe.sms")),
    ("ppe.operation.health", ("ppe.db", "ppe.models")),
    ("ppe.operation.metrics", ("ppe.db", "ppe.models", "ppe.operation.health", "ppe.sync.tallies", "ppe.tally")),
    ("ppe.operation.retention", ("ppe.audit", "ppe.csv_import.forgetting", "ppe.db", "ppe.mass_update.forgetting",
                                 "ppe.models")),
    ("ppe.work", ("ppe.models", "ppe.sync.claim")),
    *((f"ppe.mass_update.{pure}", ("ppe.mass_update.*", "ppe.models", "ppe.sync.fields"))
      for pure in ("choices", "deciding", "words")),
    ("ppe.mass_update*", ("ppe.accounts", "ppe.audit", "ppe.db", "ppe.errors", "ppe.exemptions", "ppe.lists.paging",
                          "ppe.lists.search", "ppe.outbox", "ppe.mass_update.*", "ppe.models",
                          "ppe.people.by_hand", "ppe.people.conversion", "ppe.people.switching", "ppe.sql_parts",
                          "ppe.sync.claim", "ppe.sync.safety", "ppe.work")),
    *((f"ppe.csv_import.{pure}", ("ppe.csv_import.*", "ppe.errors", "ppe.mail_addresses", "ppe.models",
                                   "ppe.sms", "ppe.spreadsheet"))
      for pure in ("records", "columns", "person")),
    ("ppe.csv_import*", ("ppe.accounts", "ppe.audit", "ppe.csv_import.*", "ppe.db", "ppe.domains", "ppe.errors",
                         "ppe.outbox", "ppe.models", "ppe.sync.claim", "ppe.work")),
    ("ppe.spreadsheet", ()),
    ("ppe.lists.exports", ("ppe.audit", "ppe.db", "ppe.groups.group_kinds", "ppe.lists.search", "ppe.models",
                           "ppe.sql_parts", "ppe.sync.fields")),
    ("ppe.tasks", ("ppe.clock", "ppe.config", "ppe.csv_import.line", "ppe.db", "ppe.mail.mailer",
                   "ppe.mass_update.line", "ppe.models", "ppe.operation.health", "ppe.operation.retention",
                   "ppe.sync.daily", "ppe.sync.run", "ppe.sync.secret", "ppe.sync.tech_contact", "ppe.sync.unattended",
                   "ppe.work")),
    ("ppe.practice.demo", ("ppe", "ppe.*")),
    ("ppe.practice.seed", ("ppe.*",)),
    ("ppe.practice*", ("ppe.practice*",)),
    # streams after its request has closed the connection
    ("ppe.views.run_csv", ("ppe.db", "ppe.models", "ppe.spreadsheet", "ppe.sync.fields", "ppe.sync.review",
                           "ppe.views.run_page")),
    ("ppe.domain_claims", ("ppe.audit", "ppe.db", "ppe.dns_proof", "ppe.domains", "ppe.errors", "ppe.models",
                           "ppe.tenant_proof")),
    ("ppe.views.domains", ("ppe.clock", "ppe.dns_proof", "ppe.domain_claims", "ppe.domains", "ppe.errors",
                           "ppe.models", "ppe.tenant_proof", "ppe.views.*")),
    # a file may be too large for anybody but an administrator, which has to be known before the request is read
    ("ppe.views.csv_import", ("ppe.clock", "ppe.csv_import.*", "ppe.db", "ppe.errors", "ppe.models", "ppe.sync.fields",
                              "ppe.tasks", "ppe.views.*", "ppe.work")),
    # streams too
    ("ppe.views.mass_update", ("ppe.clock", "ppe.db", "ppe.errors", "ppe.lists.search", "ppe.mass_update.*",
                               "ppe.models", "ppe.spreadsheet", "ppe.sync.safety", "ppe.tasks", "ppe.views.*",
                               "ppe.work")),
    ("ppe.views.exports", ("ppe.clock", "ppe.db", "ppe.lists.exports", "ppe.models", "ppe.spreadsheet",
                           "ppe.views.*")),
    ("ppe.views.csv_review", ("ppe.clock", "ppe.csv_import.review", "ppe.errors", "ppe.models", "ppe.tasks",
                              "ppe.views.*")),
    ("ppe.views.csv_lines", ("ppe.csv_import.review", "ppe.db", "ppe.models", "ppe.spreadsheet")),  # streams too
    ("ppe.views.audit_log", ("ppe.audit_log", "ppe.clock", "ppe.db", "ppe.mass_update.review", "ppe.models",
                             "ppe.spreadsheet", "ppe.views.*")),  # streams too
    ("ppe.views*", ("ppe.accounts", "ppe.audit_log", "ppe.chart", "ppe.clock", "ppe.config", "ppe.domain_claims",
                    "ppe.domains", "ppe.errors", "ppe.exemptions", "ppe.extensions", "ppe.groups.*", "ppe.lists.*",
                    "ppe.outbox", "ppe.mass_update.*", "ppe.models", "ppe.operation.health", "ppe.operation.metrics",
                    "ppe.organization", "ppe.overtaken", "ppe.overview", "ppe.people.*", "ppe.preferences", "ppe.setup",
                    "ppe.signin.*", "ppe.sms", "ppe.sync.*", "ppe.tasks", "ppe.views*")),
    ("ppe.operation.log", ("ppe.config", "ppe.operation_settings")),
    ("ppe.audit", ("ppe.audit_words", "ppe.models")),
    ("ppe.audit_words", ("ppe.db", "ppe.mail_addresses", "ppe.models", "ppe.sql_parts")),
    ("ppe.audit_log", ("ppe.audit", "ppe.audit_words", "ppe.db", "ppe.models", "ppe.sql_parts")),
    ("ppe.lists.listings", ("ppe.db", "ppe.errors", "ppe.exemptions", "ppe.groups.group_kinds", "ppe.groups.nesting",
                            "ppe.lists.paging", "ppe.lists.search", "ppe.lists.walking", "ppe.mail_addresses",
                            "ppe.models", "ppe.sql_parts")),
    ("ppe.lists.walking", ("ppe.db", "ppe.lists.paging", "ppe.lists.search", "ppe.models", "ppe.sql_parts")),
    ("ppe.sql_parts", ("ppe.db",)),
    ("ppe.lists.paging", ()),
    ("ppe.lists.exempt_accounts", ("ppe.models",)),
    ("ppe.people.conversion", ("ppe.accounts", "ppe.audit", "ppe.db", "ppe.errors", "ppe.exemptions", "ppe.models",
                               "ppe.people.by_hand")),
    ("ppe.people.by_hand", ("ppe.accounts", "ppe.audit", "ppe.db", "ppe.domains", "ppe.errors", "ppe.exemptions",
                            "ppe.outbox", "ppe.models", "ppe.people.details", "ppe.people.switching")),
    ("ppe.people.restored", ("ppe.accounts", "ppe.audit", "ppe.db", "ppe.domains", "ppe.errors", "ppe.models",
                             "ppe.people.by_hand", "ppe.people.details", "ppe.removed_memberships")),
    ("ppe.groups.nesting", ("ppe.db", "ppe.models")),
    ("ppe.people.functional_details", ("ppe.models", "ppe.people.details", "ppe.sync.entry")),
    ("ppe.people.members_by_hand", ("ppe.accounts", "ppe.audit", "ppe.db", "ppe.errors", "ppe.mail_addresses",
                                    "ppe.models")),
    ("ppe.groups.directory_members", ("ppe.db", "ppe.models")),
    ("ppe.people.planned", ("ppe.models", "ppe.sync.*")),
    ("ppe.people.person", ("ppe.db", "ppe.domains", "ppe.models", "ppe.sync.entry", "ppe.sync.fields",
                           "ppe.sync.mirror", "ppe.sync.shared_mailbox")),
    ("ppe.people.details", ("ppe.db", "ppe.mail_addresses", "ppe.models", "ppe.sms")),
    ("ppe.lists.search", ("ppe.db", "ppe.groups.group_kinds", "ppe.mail_addresses", "ppe.models", "ppe.sql_parts")),
    ("ppe.groups.group_kinds", ("ppe.db", "ppe.sql_parts")),
    ("ppe.overview", ("ppe.chart", "ppe.db", "ppe.models", "ppe.signin.contacts", "ppe.signin.fallback",
                      "ppe.sync.apply", "ppe.sync.connection", "ppe.sync.secret")),
    ("ppe.organization", ("ppe.audit", "ppe.db", "ppe.errors", "ppe.models", "ppe.overtaken")),
    ("ppe.accounts", ("ppe.db", "ppe.directory_links", "ppe.errors", "ppe.models", "ppe.removed_memberships")),
    ("ppe.*", ("ppe.accounts", "ppe.audit", "ppe.clock", "ppe.config", "ppe.db", "ppe.encryption", "ppe.errors",
               "ppe.headers", "ppe.mail_addresses", "ppe.models", "ppe.setup", "ppe.signin.*")),
)  # fmt: skip
ASKS_THE_CLOCK = ("ppe.views.*", "ppe.tasks", "ppe.cli", "ppe.cli_operations", "ppe.practice.*")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "migrations" not in path.parts
}


def _imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it; `from ppe import db` means ppe.db."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "ppe")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "ppe":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def _fits(module: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(module, pattern) for pattern in patterns)


@pytest.mark.parametrize("module", MODULES)
def test_imports_keep_to_the_plan(module: str) -> None:
    allowed = next(allowed for pattern, allowed in MAY_IMPORT if fnmatch(module, pattern))
    assert {name for name in _imports(MODULES[module]) if not _fits(name, allowed)} == set()


def test_nobody_imports_the_views() -> None:
    importers = {name for name, path in MODULES.items() if _fits_any(path, "ppe.views*")}
    assert {name for name in importers if not name.startswith("ppe.views")} <= {"ppe"}


def test_nobody_imports_the_practice_tenant() -> None:
    importers = {name for name, path in MODULES.items() if _fits_any(path, "ppe.practice*")}
    assert all(name.startswith("ppe.practice") for name in importers)


@pytest.mark.parametrize("module", PURE)
def test_the_deciding_modules_are_pure(module: str) -> None:
    """No database, no network, no clock: what they say follows from what they are given."""
    outside = {"peewee", "playhouse", "requests", "flask", "huey", "structlog", "sqlite3", "socket", "time"}
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    assert not found & outside


def test_the_clock_is_asked_at_the_edge_alone() -> None:
    asking = {name for name, path in MODULES.items() if "ppe.clock" in _imports(path)}
    assert {name for name in asking if not _fits(name, ASKS_THE_CLOCK)} == set()


def _fits_any(path: Path, pattern: str) -> bool:
    return any(fnmatch(name, pattern) for name in _imports(path))
