"""`MemberList`: customer ids, written here or in a file next to the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import Many, Maybe, ShapeProblem, exactly_one
from ...shapes.forms import FilePath
from .envelope import Envelope

CustomerId = Annotated[str, Field(min_length=1, max_length=512)]


class MemberListDocument(Envelope):
    """Customers by their ids, however many."""

    kind_name: ClassVar[str] = "MemberList"

    rules: ClassVar[Mapping[str, Any]] = exactly_one("members", "file")

    kind: Literal["MemberList"] = Field(description="`MemberList`.")
    members: Maybe[Many[CustomerId]] = Field(default=None, description="The ids, as text.", examples=[["c-1", "c-2"]])
    file: Maybe[FilePath] = Field(
        default=None, description="A text file next to this one with one id a line.", examples=["staff.txt"]
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Exactly one of `members` and `file`."""
        if self.members is None and self.file is None:
            yield ShapeProblem(
                "S011", (), "`members` is missing: ids are written here, or in a text file that `file` names"
            )
        if self.members is not None and self.file is not None:
            yield ShapeProblem("S016", ("file",), "`file` and `members` exclude each other; one of them has the ids")
