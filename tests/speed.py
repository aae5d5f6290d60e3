"""What makes the tests quick and is nothing of the product: files in memory, and nothing done anew for every test."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

MEMORY = Path("/dev/shm")
ENOUGH = 2**30  # bytes free; containers often have less
COMPILED = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


def pytest_configure() -> None:
    """A folder that a disk has no part in: every connection that wrote waits for the disk when it is closed."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """The modules and the tests themselves are no garbage: looking through them again and again took a tenth of all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """The templates, compiled once: every app would do so again, and that takes longer than most pages."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    """Werkzeug compiles two functions and an expression for each address of each app: half of what an app takes."""
    compile_rule = Rule.compile
    compiled: dict[tuple[object, ...], Rule] = {}

    def once(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, rule.merge_slashes, *(rule.defaults or {}).items())
        if key not in compiled:
            compile_rule(rule)
            compiled[key] = rule
        for name in COMPILED:
            setattr(rule, name, getattr(compiled[key], name))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "compile", once)
        yield
