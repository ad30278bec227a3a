"""`python kit/notebook/papermill …`: papermill with TypeScript parameters and the project's own kernel."""

import os
from pathlib import Path

from papermill.__main__ import papermill  # loads kintsugi_papermill by its entry point, which lies beside this file

project = Path(__file__).resolve().parents[3]
os.environ.setdefault("JUPYTER_PATH", str(project / ".jupyter" / "data"))
papermill(prog_name="papermill")
