"""What every document has: kind, name, who owns it, and which findings it allows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...shapes.base import Many, Maybe, Shape
from ...shapes.forms import Day, Form, Instant, Name, Text, TextOrInteger

CodeName = Annotated[str, Form("S015", "a code of findings, as L001", r"^[A-Z][0-9]{3}$")]


class Suppression(Shape):
    """A finding that is known and accepted, for a reason and until a day."""

    code: CodeName = Field(description="The code of the finding.", examples=["T012"])
    reason: Text = Field(description="Why it is accepted.")
    until: Day = Field(description="The last day on which it is accepted.", examples=["2026-12-31"])


class Envelope(Shape):
    """The keys that documents of every kind share."""

    kind_name: ClassVar[str]

    api_version: Literal["v1"] = Field(alias="apiVersion", description="The version of the language: `v1`.")
    kind: str
    name: Name = Field(description="Its name, unique among documents of its kind.", examples=["high_value_customers"])
    description: str = Field(default="", max_length=4_096, description="What it is for, in a sentence.")
    owner: Maybe[Text] = Field(default=None, description="The team that answers for it.", examples=["growth"])
    tags: Many[Text] = Field(default=(), max_length=64, description="Words to find it by.", examples=[["retention"]])
    version: Maybe[TextOrInteger] = Field(default=None, description="A version for people; the digest is what counts.")
    created_at: Maybe[Instant] = Field(
        default=None, alias="createdAt", description="When it was first written.", examples=["2025-12-15T00:00:00Z"]
    )
    allow: Many[Suppression] = Field(
        default=(),
        max_length=64,
        description="Findings that are known and accepted.",
        examples=[[{"code": "T012", "reason": "the field is filled by the nightly load", "until": "2026-12-31"}]],
    )
