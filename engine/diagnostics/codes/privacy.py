"""P: personal and encrypted fields."""

from __future__ import annotations

from .registry import Code

_PROFILE = "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields:\n"

CODES: list[Code] = [
    Code(
        "P001",
        "encrypted object",
        "error",
        "Encryption is of single values; an object is encrypted field by field.",
        "Put `encrypted` on the fields of the object.",
        _PROFILE + "  home: {type: object, encrypted: {search: none}, fields: {city: {type: keyword}}}\n",
        _PROFILE + "  home: {type: object, fields: {city: {type: keyword, encrypted: {search: none}}}}\n",
    ),
    Code(
        "P002",
        "equality search of what has no equality",
        "error",
        "Equality of encrypted values is searched by keyed hashes, which serve keyword, integer, boolean and date.",
        "Write `search: none`, or declare another field that holds only what is asked for.",
        _PROFILE + "  salary: {type: number, encrypted: {search: equality}}\n",
        _PROFILE + "  salary: {type: number, encrypted: {search: none}}\n",
    ),
]
