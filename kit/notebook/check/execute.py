"""Executes one notebook with nbclient, as Run All would, and says how each cell ended.

execute.py IN OUT FOLDER TIMEOUT: the executed notebook goes to OUT, the cells run in FOLDER, TIMEOUT is seconds a cell.
Prints one JSON object a line: {"cell", "of"} when a cell starts, {"cell", "status", "seconds"} when its reply came, and
last {"end": null} or {"end": "why it stopped"}.
"""

import json
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def main(source, target, folder, timeout):
    notebook = nbformat.read(source, as_version=4)
    started = {}

    def say(**message):
        print(json.dumps(message), flush=True)

    def on_start(cell, cell_index):
        started[cell_index] = time.monotonic()
        say(cell=cell_index, of=len(notebook.cells))

    def on_reply(cell, cell_index, execute_reply):
        seconds = time.monotonic() - started.get(cell_index, time.monotonic())
        say(cell=cell_index, status=execute_reply["content"]["status"], seconds=round(seconds, 3))

    client = NotebookClient(
        notebook,
        timeout=int(timeout),
        kernel_name="tslab",
        coalesce_streams=True,
        resources={"metadata": {"path": folder}},
        on_cell_execute=on_start,
        on_cell_executed=on_reply,
    )
    end = None
    try:
        client.execute()
    except CellExecutionError as error:
        end = f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, TimeoutError):
        end = f"a cell took longer than {timeout} s"
    except DeadKernelError:
        end = "the kernel died"
    nbformat.write(notebook, target)
    say(end=end)


if __name__ == "__main__":
    main(*sys.argv[1:])
