"""`flask --app app ppe sync`, `runs`, `backup` and `restore`: the running of an installation, from a terminal."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from ppe.cli import commands
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import database
from ppe.errors import Refused
from ppe.models import DONE, FAILED, Connection, Organization, SyncRun
from ppe.operation import backup as backups
from ppe.operation import restore as restoring
from ppe.sync import connection as connections
from ppe.sync import following, harm, report, review, safety, tallies, unattended

BY = "the command line"
ROWS_SHOWN = 10
Result = TypeVar("Result")


def init_app(_: Flask) -> None:
    """Add the commands to those there are."""
    for command in (sync, runs, backup, restore):
        commands.add_command(command)


@click.command("sync")
@click.option("--organization", default="", help="Its name, where there are several.")
@click.option("--dry-run", is_flag=True, help="Only read and compare, and print what a sync would do.")
@with_appcontext
def sync(organization: str, dry_run: bool) -> None:
    """Run an unattended sync now, as the schedule would: what is over a limit is held back for a person."""
    with database.connection_context():
        connection = _connection_of(organization)
        run = _refusable(lambda: unattended.begin_at_once(connection, BY, utcnow(), dry_run=dry_run))
        click.echo(f"Run {run.id} has begun.")
        app = current_app._get_current_object()  # type: ignore[attr-defined] # a thread needs the app itself
        ended = following.to_the_end(cast("Flask", app), run.id, utcnow, click.echo)
        if ended.state == FAILED:
            raise click.ClickException(f"{ended.error_sentence} {ended.error_advice or ''}".strip())
        _say_left_out(ended)
        if dry_run:
            _say_plan(ended, connection)
        elif ended.state == DONE:
            _say_result(ended)
        else:
            raise click.ClickException(f"Run {ended.id} was ended by somebody else: {ended.state}.")


@click.command("runs")
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@with_appcontext
def runs(last: int) -> None:
    """List the latest runs of all organisations, the newest first. Times are in UTC."""
    line = "{:>7}  {:<20.20}  {:<9}  {:<10}  {:<16}  {:>8}  {:>7}  {:>7}  {}"
    click.echo(line.format("run", "organisation", "how", "state", "begun", "took", "people", "groups", "").rstrip())
    with database.connection_context():
        found = SyncRun.select(SyncRun, Organization).join(Organization).order_by(SyncRun.id.desc()).limit(last)
        for run in found:
            took = _short(tallies.worked(run).total_seconds()) if run.finished_at else ""
            said = run.error_sentence or (report.sentence(review.summary(run)) if run.state == DONE else "")
            how, name = tallies.way(run).replace("_", " "), run.organization.name
            columns = (run.id, name, how, run.state, f"{run.created_at:%Y-%m-%d %H:%M}", took, run.people, run.groups)
            click.echo(line.format(*columns, said).rstrip())


@click.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Write the database and the keys to the new file TARGET. Everything may go on running meanwhile."""
    settings = _settings()
    _refusable(lambda: backups.take(settings, target, utcnow()))
    click.echo(f"{target} holds the database as it was at this moment. Keep it as safe as the installation itself.")
    if not (settings.data_dir / backups.KEYS).exists():
        click.echo("The keys are not in it: they are yours, in PPE_SECRET_KEY and PPE_ENCRYPTION_KEYS.")


@click.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Where there is an organisation already: keep it aside, and go on.")
@with_appcontext
def restore(source: Path, replace: bool) -> None:
    """Put the backup SOURCE in the place of what is here. Stop the web server and the worker before."""
    restored = _refusable(lambda: restoring.restore(_settings(), source, utcnow(), replace=replace))
    click.echo(f"The backup of {datetime.fromisoformat(restored.taken_at):%Y-%m-%d %H:%M} UTC is in its place.")
    if restored.kept_aside:
        click.echo(f"What was here before is kept in {restored.kept_aside}.")
    if not restored.is_readable:
        click.echo(
            "The stored secrets can't be read: the backup holds no keys, and those of this installation are others. "
            "Set PPE_SECRET_KEY and PPE_ENCRYPTION_KEYS to those it was taken with."
        )
    click.echo("Everybody has to sign in anew. Start the web server and the worker now.")


def _refusable(deed: Callable[[], Result]) -> Result:
    try:
        return deed()
    except Refused as refused:
        raise click.ClickException(refused.sentence) from refused


def _connection_of(name: str) -> Connection:
    found = list(Organization.select().order_by(Organization.name))
    wanted = [one for one in found if one.name.casefold() == name.strip().casefold()] if name else found
    if len(wanted) != 1:
        names = ", ".join(f"“{one.name}”" for one in found)
        sentence = "There is no organisation yet: complete the set-up first."
        raise click.ClickException(f"Say which organisation with --organization: {names}." if found else sentence)
    connection = connections.of(wanted[0].id)
    if not connections.is_set_up(connection):
        raise click.ClickException(
            "The directory is not set up yet. Open Import & Sync in the console, complete the settings and save them."
        )
    return connection


def _say_left_out(run: SyncRun) -> None:
    for domain in run.unknown_domains:
        people = domain["people"]
        click.echo(f"Left out: {people:,} {'person' if people == 1 else 'people'} on {domain['name']}, not registered.")


def _say_plan(run: SyncRun, connection: Connection) -> None:
    """What a sync would do, section by section, with the first rows of each."""
    for section in review.sections(run):
        if not section.count:
            continue
        click.echo(f"\n{section.title}: {section.count:,}")
        first = review.rows(run, section.name).rows[:ROWS_SHOWN]
        for row in first:
            unticked = "" if row.ticked or not section.can_tick else " (for a person to decide)"
            click.echo(f"  {row.name}{f' <{row.address}>' if row.address else ''}: {row.reason}{unticked}")
        if section.count > len(first):
            click.echo(f"  and {section.count - len(first):,} more")
    for over in safety.over(harm.counts(run, utcnow()), safety.limits(connection.limits)):
        click.echo(f"\nWould be held back for an administrator: {over.sentence}")
    click.echo("\nNothing was changed, and nothing waits.")


def _say_result(run: SyncRun) -> None:
    click.echo(report.sentence(review.summary(run)))
    for kind in run.held:
        click.echo(f"Held back: {safety.Over(**kind).sentence}")
    if run.held:
        click.echo(f"They wait for an administrator at {_settings().public_url}/import-sync/runs.")


def _short(seconds: float) -> str:
    """1:02:03, without the hours where there are none."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
