"""The file, batch by batch: read, brought into canonical form, and made into the columns that the query asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..ir.program import Program
from ..ir.types import Field
from ..runtime.border import Refusal, problems_text
from ..runtime.fold import Folding
from .ahead import ahead
from .arrays import Array
from .canonical import Column, Reader
from .in_process import EventsOf, profiles_of
from .plan import BatchPlan
from .schema import BatchRefusedError, check_columns

ROWS = 16_384  # in a batch
AHEAD = 4  # batches made while the query still looks at earlier ones
REST = "$rest"
"""The column of the numbers of those segments of the rest that a profile is in."""

Tell = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What holds for one reading: the time, the events of a customer, who is told of refused rows, and the threads."""

    now_ms: int
    events_of: EventsOf | None = None
    tell: Tell | None = None
    threads: int | None = None


class Batches:
    """One reading of a file. What goes wrong meanwhile is kept in `problem`, for DuckDB does not pass it on."""

    def __init__(self, file: Path, program: Program, plan: BatchPlan, run: Run) -> None:
        self._plan = plan
        self._catalogue = program.catalogue
        self._run = run
        self._numbers = {name: number for number, name in enumerate(plan.reasons)}
        self.problem: Exception | None = None
        self.profiles = self.refused = 0
        self.rest_counts: Counter[str] = Counter()
        self._folding = Folding(self._catalogue)
        self._parquet = self._open(file)
        self._sources = [name for name in self._field_names() if name in self._parquet.schema_arrow.names]
        of_nothing = {} if run.events_of is not None else self._folding.of_nothing
        self._readers = {
            name: Reader(
                self._field_named(name),
                self._catalogue,
                with_events=run.events_of is not None,
                default=of_nothing.get(name),
            )
            for name in self._field_names()
        }

    def stream(self) -> Any:
        """The batches as an Arrow stream of the query's columns, the key first; reading begins at once."""
        import pyarrow as pa

        columns = [(self._catalogue.key, pa.string()), *((each.name, each.type) for each in self._plan.columns)]
        columns += [(REST, pa.list_(pa.int32()))] if self._plan.rest is not None else []
        schema = pa.schema(columns)
        made = self._produce(schema)
        return pa.RecordBatchReader.from_batches(schema, made if self._run.threads == 1 else ahead(made, AHEAD))

    def _produce(self, schema: Any) -> Iterator[Any]:
        import pyarrow as pa

        row = 0
        try:
            for batch in self._read():
                kept = self._canonical(batch, row)
                yield pa.record_batch(self._asked_columns(kept), schema=schema)
                row += batch.num_rows
        except Exception as problem:
            self.problem = problem
            raise
        finally:
            self._parquet.close()

    def _read(self) -> Iterator[Any]:
        import pyarrow as pa

        threads = self._run.threads != 1
        try:
            yield from self._parquet.iter_batches(ROWS, columns=self._sources, use_threads=threads)
        except (pa.ArrowInvalid, OSError) as problem:
            if isinstance(problem, OSError) and problem.errno:
                raise
            raise BatchRefusedError("expected a sound Parquet file, found damaged data") from None

    def _canonical(self, batch: Any, first: int) -> dict[str, Array]:
        """The canonical columns of those rows that are not refused; the others are told with their number from 1."""
        import pyarrow as pa

        refused: dict[int, list[Refusal]] = {}
        found: dict[str, Column] = {}
        for name, reader in self._readers.items():
            array = batch.column(name) if name in self._sources else pa.nulls(batch.num_rows)
            found[name] = reader.read(array)
            for row, problems in found[name].refused.items():
                refused.setdefault(row, []).extend(problems)
        columns = {name: column.values for name, column in found.items()}
        self.profiles += batch.num_rows - len(refused)
        self.refused += len(refused)
        if refused:
            self._report(refused, first)
            sound = pa.array([row not in refused for row in range(batch.num_rows)])
            columns = {name: values.filter(sound) for name, values in columns.items()}
        return columns

    def _report(self, refused: Mapping[int, list[Refusal]], first: int) -> None:
        if self._run.tell is not None:
            for row in sorted(refused):
                message = problems_text(refused[row])
                self._run.tell(first + row + 1, message)

    def _asked_columns(self, columns: Mapping[str, Array]) -> list[Array]:
        asked = [columns[self._catalogue.key], *(each.make(columns[each.source]) for each in self._plan.columns)]
        return asked if self._plan.rest is None else [*asked, self._rest(columns)]

    def _rest(self, columns: Mapping[str, Array]) -> Array:
        import pyarrow as pa

        if self._plan.rest is None:
            raise LookupError("nothing is matched in process")
        match, key, events_of = self._plan.rest.match, self._catalogue.key, self._run.events_of
        read = {name: columns[name] for name in dict.fromkeys((key, *self._plan.rest_fields))}
        found: list[list[int]] = []
        now_ms = self._run.now_ms
        for stated in profiles_of(read, self._catalogue):
            if events_of is None:
                names = match(stated, now_ms)
            else:
                events = events_of(stated[key])
                names = match(self._folding.over(stated, events, now_ms), now_ms, events)
            self.rest_counts.update(names)
            found.append([self._numbers[name] for name in names])
        return pa.array(found, pa.list_(pa.int32()))

    def _field_names(self) -> list[str]:
        """The fields that are read, the key first."""
        asked = [each.source for each in self._plan.columns]
        asked += [] if self._run.events_of is None else [each.name for each in self._folding.computed]  # to be refused
        return list(dict.fromkeys((self._catalogue.key, *asked, *self._plan.rest_fields)))

    def _field_named(self, name: str) -> Field:
        field = self._catalogue.field(name)
        if field is None:
            raise LookupError(f"`{name}` is not declared in the catalogue")
        return field

    def _open(self, file: Path) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(file) as opened:
                metadata, schema = opened.metadata, opened.schema_arrow
        except pa.ArrowInvalid:
            raise BatchRefusedError("expected a Parquet file, found something else") from None
        check_columns(schema, self._catalogue)
        there = [name for name in self._field_names()[1:] if name in schema.names]
        coded = [name for name in there if _coded_well(self._field_named(name))]
        return parquet.ParquetFile(file, metadata=metadata, read_dictionary=coded)


def _coded_well(field: Field) -> bool:
    """Whether values repeat, so that each is looked at once."""
    return field.type == "keyword" and not field.many
