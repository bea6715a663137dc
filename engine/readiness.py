"""Whether the servers have what a catalogue asks for: its keys, a fitting index; and what waits there for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .operators.wording import count_text
from .storage.doctor import Examination
from .storage.failures import server_of
from .storage.locations import ServerUnreachableError

if TYPE_CHECKING:
    from .encryption.keyring import Keyring
    from .ir.types import Catalogue
    from .storage.servers import Servers

REFUSED_SHOWN = 10  # pairs of field and event type that are listed
READY = "all applied"  # what `storage.doctor` says of migrations


def is_ready(postgres: Examination) -> bool:
    """Whether PostgreSQL answers and every migration is applied, so that it can be asked for more."""
    return postgres.reachable and postgres.facts.get("migrations") == READY


def examine_catalogue(
    servers: Servers,
    postgres: Examination,
    elasticsearch: Examination,
    catalogue: Catalogue,
    environ: Mapping[str, str],
) -> Examination | None:
    """The keys as the catalogue asks for them, None where it needs none; the index's problems go to Elasticsearch's."""
    ready = is_ready(postgres)
    if ready and elasticsearch.version is not None:
        _examine_index(servers, elasticsearch, catalogue, environ)
    return _keys(servers, catalogue, environ, ready=ready)


def examine_record(servers: Servers, found: Examination) -> None:
    """Note who works, and what waits for somebody: dead letters and erasures that were begun."""
    from .erasure.erasure import pending
    from .profiles.dead_letters import waiting_count
    from .profiles.refused_values import refused_counts
    from .storage.partitions import PARTITIONS, owners

    workers = owners(servers.postgres)
    owned = sum(workers.values())
    found.facts["workers"] = f"{len(workers):,}, owning {owned} of {PARTITIONS} partitions" if workers else "none runs"
    letters, erasures = waiting_count(servers.postgres), len(pending(servers.postgres))
    found.facts["dead letters"] = f"{letters:,} waiting; `decisor dead-letters list`" if letters else "none waiting"
    open_ones = f"{erasures:,} not done; a worker goes on with them, and so does `decisor erase`"
    found.facts["erasures"] = open_ones if erasures else "none open"
    refused = [f"`{field}` by `{kind}` {count:,}" for kind, field, count in refused_counts(servers.postgres)]
    more = f" and {len(refused) - REFUSED_SHOWN:,} more" if len(refused) > REFUSED_SHOWN else ""
    told = f"{', '.join(refused[:REFUSED_SHOWN])}{more}; they are missing, as the field may not hold them"
    found.facts["refused values"] = told if refused else "none"


def examine_order(servers: Servers, redis: Examination) -> None:
    """Report a Redis that holds more than PostgreSQL: a backup was restored, and no worker has run since."""
    from .storage import keys
    from .storage.partitions import last_numbers

    numbers = last_numbers(servers.postgres)
    pipeline = servers.redis.pipeline(transaction=False)
    for partition in numbers:
        pipeline.get(keys.published_cursor(partition))
    published = zip(numbers.items(), pipeline.execute(), strict=True)
    ahead = [partition for (partition, number), cursor in published if cursor is not None and int(cursor) > number]
    if ahead:
        redis.report(
            f"it holds more than PostgreSQL in {count_text(len(ahead), 'partition')}, as after a restored backup of"
            " PostgreSQL",
            "start a worker, which makes Redis follow PostgreSQL; then `decisor segments reconcile` removes customers"
            " that PostgreSQL does not have",
        )


def _keys(servers: Servers, catalogue: Catalogue, environ: Mapping[str, str], *, ready: bool) -> Examination | None:
    """The keys, None where none are needed and none are named."""
    from importlib.util import find_spec

    from .encryption.key_file import KeysRefusedError
    from .encryption.keyring import KEYS, KEYS_FILE, open_keyring
    from .encryption.sealing import Sealing

    source = next((name for name in (KEYS_FILE, KEYS) if environ.get(name)), None)
    needed = Sealing(catalogue).needed
    if source is None and not needed and not (ready and _holds_sealed(servers)):
        return None
    found = Examination("Keys", source or "none")
    if source is None and needed:
        found.report(
            f"the catalogue `{catalogue.name}` has encrypted fields, and there are no keys",
            f"`decisor keys generate FILE` makes a key file, and {KEYS_FILE} names it (or {KEYS} holds its content)",
        )
    elif source is None:
        found.report(
            "the database holds sealed definitions or secrets, and there are no keys",
            f"name the key file that sealed them in {KEYS_FILE}, or put its content into {KEYS}",
        )
    if find_spec("cryptography") is None:
        found.report("the package cryptography is not installed", "pip install 'decisor[encryption]'")
    if found.problems:
        return found
    try:
        keyring = open_keyring(environ)
    except KeysRefusedError as problem:
        found.report(str(problem), f"correct what {source} names")
        return found
    if keyring is not None and ready:
        _compare(servers, found, keyring)
    return found


def _holds_sealed(servers: Servers) -> bool:
    """Whether the database holds sealed definitions of segments, or a sealed secret of hashing."""
    from .encryption.cipher import UnsealError
    from .rotation.sealed_values import sealed_entries

    try:
        return bool(sealed_entries(servers.postgres))
    except UnsealError:
        return True


def _compare(servers: Servers, found: Examination, keyring: Keyring) -> None:
    """Note the keys that the database uses and the process lacks."""
    from .encryption.cipher import UnsealError
    from .rotation.letters import plain_letters
    from .rotation.plain_history import plain_history
    from .rotation.status import status_of

    connection = servers.postgres
    try:
        with connection.transaction(force_rollback=True):  # it would write down which keys are used first
            statuses = status_of(connection, keyring)
    except UnsealError as problem:
        found.report(f"something sealed cannot be read: {problem}", "install the decisor that has sealed it")
        return
    for each in statuses:
        if each.state == "missing":
            found.report(
                f"the {each.kind} key `{each.id}` is used by the database, and not among the keys",
                f"put it back into what {found.source} names; without it, what it sealed cannot be read"
                if each.seals
                else "it has sealed nothing: `decisor keys rotate` does without it",
            )
    if letters := plain_letters(connection):
        found.report(
            f"{count_text(letters, 'dead letter')} kept in plain, of before there were keys",
            "a running worker seals them within ten minutes, and `decisor worker --drain` does so at once",
        )
    if plain := plain_history(connection).fields:
        found.report(
            f"the history may hold in plain what is encrypted by now: {', '.join(plain)}",
            "`decisor keys rotate --data` seals it",
        )
    found.facts["keys"] = f"{sum(each.state != 'missing' for each in statuses)}; `decisor keys status` shows them"


def _examine_index(servers: Servers, found: Examination, catalogue: Catalogue, environ: Mapping[str, str]) -> None:
    """Note a live index that does not fit the catalogue, or that the database does not know."""
    from .index.names import IndexRefusedError, alias_of
    from .index.status import index_statuses

    try:
        statuses = index_statuses(servers.postgres, servers.elasticsearch, catalogue, alias_of(environ))
    except (ServerUnreachableError, IndexRefusedError) as problem:
        found.report(str(problem), "as it says; `decisor index status` looks again")
        return
    except Exception as problem:
        if server_of(problem) != "Elasticsearch":
            raise
        found.report(f"it does not tell its indices: {type(problem).__name__}", "look into the server's own log")
        return
    for each in statuses:
        if each.plain:
            found.report(
                f"the index `{each.name}` holds in plain what the catalogue encrypts: {', '.join(each.plain)}",
                "`decisor index rebuild` removes it",
            )
    live = next((each for each in statuses if each.role == "live"), None)
    found.facts["index"] = "none yet; a worker makes it" if live is None else live.name
    if live is not None and not live.fits:
        found.report(
            f"the live index `{live.name}` has another mapping than the workspace's catalogue asks for",
            "`decisor index rebuild` builds one that fits",
        )
    if live is not None and not live.known:
        found.report(
            f"the database does not know how far the live index `{live.name}` has come",
            "`decisor index rebuild` builds another",
        )
