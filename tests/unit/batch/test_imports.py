from __future__ import annotations

import subprocess
import sys


def test_costly_libraries_are_imported_when_a_file_is_matched_and_not_before() -> None:
    program = "import sys, engine.batch, engine.cli.match; print({'duckdb', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
