"""`Model`: how to call a model, and what holds when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import Data, Maybe, Shape, ShapeProblem, at_most_one
from ...shapes.forms import Expression, FilePath, Name, Scalar, Text, Timeout, Word
from .envelope import Envelope

PROTOCOLS = {
    "tensorflow_serving_grpc": "TensorFlow Serving's PredictionService.",
    "tensorflow_serving_rest": "TensorFlow Serving's REST interface.",
    "open_inference_grpc": "The Open Inference Protocol, version 2, over gRPC.",
    "open_inference_rest": "The Open Inference Protocol, version 2, over HTTP.",
    "onnx": "A file, run in process by ONNX Runtime.",
    "tensorflow": "A SavedModel, run in process by TensorFlow.",
}
IN_PROCESS = ("onnx", "tensorflow")
VALUE_TYPES = {
    "number": "A double.",
    "integer": "A whole number.",
    "boolean": "true or false.",
    "keyword": "Text.",
}
DTYPES = dict.fromkeys(("float16", "float32", "float64", "int8", "int32", "int64", "bool", "string"), "")


class Served(Shape):
    """Which model and which of its versions."""

    rules: ClassVar[Mapping[str, Any]] = at_most_one(("version", "label"))

    name: Maybe[Text] = Field(default=None, description="Its name at the server; by default this document's.")
    version: Maybe[Annotated[int, Field(ge=0, le=2**63 - 1)]] = Field(default=None, description="A version's number.")
    label: Maybe[Text] = Field(default=None, description="A label that leads to a version.", examples=["stable"])

    def problems(self) -> Iterator[ShapeProblem]:
        """Not both a version and a label."""
        if self.version is not None and self.label is not None:
            yield ShapeProblem(
                "S016", ("label",), "`label` and `version` exclude each other; one of them says which version"
            )


class ModelOutput(Shape):
    """A value that comes back."""

    type: Annotated[str, Word(VALUE_TYPES)] = Field(description="What kind of value it is.")
    many: bool = Field(default=False, alias="list", description="It is a list of such values.")
    tensor: Maybe[Text] = Field(default=None, description="Its name in the model; by default this name.")
    dtype: Maybe[Annotated[str, Word(DTYPES)]] = Field(default=None, description="Its type in the model.")
    description: str = Field(default="", description="What it means.")


class ModelInput(ModelOutput):
    """A value that is sent."""

    source: Maybe[Expression] = Field(
        default=None,
        alias="from",
        description="Where it comes from, unless the node says.",
        examples=["profile.orders"],
    )
    default: Maybe[Scalar] = Field(default=None, description="Sent where it is missing; else the fallback holds.")


class ModelDocument(Envelope):
    """A model: where it is, what goes in, what comes back, and what holds when it fails or is late."""

    kind_name: ClassVar[str] = "Model"

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"protocol": {"enum": list(IN_PROCESS)}}},
        "then": {"required": ["file"], "properties": {"server": False}},
        "else": {"properties": {"file": False}},
    }

    kind: Literal["Model"] = Field(description="`Model`.")
    protocol: Annotated[str, Word(PROTOCOLS)] = Field(description="How it is called.")
    served: Maybe[Served] = Field(default=None, description="Which model and version.", examples=[{"version": 7}])
    server: Maybe[Name] = Field(default=None, description="The server, by its name in the service's settings.")
    file: Maybe[FilePath] = Field(
        default=None, description="The model's file, next to this one, for a model that runs in process."
    )
    signature: Text = Field(default="serving_default", description="The model's signature.")
    inputs: dict[Name, ModelInput] = Field(
        min_length=1, description="What goes in.", examples=[{"orders": {"type": "number", "from": "profile.orders"}}]
    )
    outputs: dict[Name, ModelOutput] = Field(
        min_length=1, description="What comes back.", examples=[{"score": {"type": "number"}}]
    )
    deadline: Timeout = Field(default="50ms", description="After this the fallback holds.")
    fallback: dict[Name, Data] = Field(
        description="What holds when the model fails or is late.", examples=[{"score": 0.0}]
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Fallbacks and outputs that differ; a file for a server, a server for a file."""
        for name in self.outputs:
            if name not in self.fallback:
                yield ShapeProblem("S011", ("fallback",), f"`{name}` is missing: every output has a fallback")
        for name in self.fallback:
            if name not in self.outputs:
                yield ShapeProblem("S010", ("fallback", name), f"`{name}` is not an output of the model")
        if self.protocol in IN_PROCESS and self.file is None:
            yield ShapeProblem("S011", (), f"`file` is missing: `protocol: {self.protocol}` runs a file")
        if self.protocol not in IN_PROCESS and self.file is not None:
            yield ShapeProblem(
                "S016", ("file",), f"`file` does not go with `protocol: {self.protocol}`, which calls a server"
            )
        if self.protocol in IN_PROCESS and self.server is not None:
            yield ShapeProblem(
                "S016", ("server",), f"`server` does not go with `protocol: {self.protocol}`, which runs a file"
            )
        for problem in self.served.problems() if self.served else ():
            yield problem._replace(path=("served", *problem.path))
