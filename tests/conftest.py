"""What every test may ask for: real servers, golden files, and how generated cases run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.golden_files",
    "tests.quick",
    "tests.servers.elasticsearch",
    "tests.servers.postgres",
    "tests.servers.redis_servers",
    "tests.servers.workspaces",
    "tests.live_world",
    "tests.sealed_world",
]

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

# The same cases on every run, however busy the machine; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=SLOW_IS_FINE)
settings.register_profile(
    "explore", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The key that marks what this run's `decisor up` makes lies in the run's own folder."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
