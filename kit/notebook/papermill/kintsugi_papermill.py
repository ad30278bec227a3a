"""Papermill parameters for TypeScript notebooks.

With this folder on PYTHONPATH, papermill finds this module by its entry point: `papermill -p profile full IN OUT` works.
Without it, `python kit/notebook/papermill -p profile full IN OUT` does the same.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators


DECLARATION = re.compile(r"^\s*(?:const|let)\s+(\w+)\s*(?::\s*([^=]+?))?\s*=\s*(.*?);?\s*(?://\s*(.*))?$")


class TypeScriptTranslator(Translator):
    """Writes parameters as constants, in a cell after the one tagged `parameters`.

    Strings are declared `any`: as `string` they would not fit a parameter typed `"smoke" | "full"`, and as the literal
    `"full"` the compiler would refuse to compare them with `"smoke"`.
    """

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_bool(cls, val):
        return "true" if val else "false"

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val)

    @classmethod
    def translate_dict(cls, val):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {cls.translate(inner)}" for key, inner in val.items()) + "}"

    @classmethod
    def translate_list(cls, val):
        return "[" + ", ".join(cls.translate(inner) for inner in val) + "]"

    @classmethod
    def translate_tuple(cls, val):
        return cls.translate_list(val)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        lines = [f"const {name}: {kind_of(value)} = {cls.translate(value)};" for name, value in parameters.items()]
        return "\n".join([cls.comment(comment), *lines, ""])

    @classmethod
    def inspect(cls, parameters_cell):
        found = (DECLARATION.match(line) for line in parameters_cell.source.splitlines())
        return [
            Parameter(name=match[1], inferred_type_name=match[2] or "None", default=match[3], help=match[4] or "")
            for match in found
            if match
        ]


def kind_of(value):
    """The widest type a parameter of this value may have had."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "any"


class KintsugiEngine(NBClientEngine):
    """Papermill's own engine; it exists so that papermill loads this module."""


for name in ("typescript", "tslab"):
    papermill_translators.register(name, TypeScriptTranslator)
