"""The peer's side of a benchmark: one JSON message a line on standard input, one reply a line on standard output."""

import json
import os
import resource
import sys

THREADS = int(os.environ.get("KINTSUGI_BENCH_THREADS", "2"))


def peak_bytes():
    """The most memory this process has held; getrusage's figure may be inherited from the parent."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def serve(handlers):
    """Answers messages until standard input ends. What libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    handlers = {**handlers, "memory": lambda message: {"peakBytes": peak_bytes()}}
    for line in sys.stdin:
        try:
            message = json.loads(line)
            reply = {"ok": handlers[message["op"]](message)}
        except Exception as error:  # Whatever it is, the other side reports it.
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
