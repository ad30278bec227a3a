"""Matrix products: python products.py, first message {"op": "prepare", "with": "numpy" | "torch", "size": n}."""

import time

from worker import THREADS, serve

state = {}


def prepare(message):
    size = message["size"]
    if message["with"] == "numpy":
        import numpy

        generator = numpy.random.default_rng(1)
        a, b = (generator.standard_normal((size, size), dtype=numpy.float32) for _ in range(2))
    else:
        import torch

        torch.set_num_threads(THREADS)
        a, b = torch.randn(size, size), torch.randn(size, size)
    state.update(a=a, b=b)
    for _ in range(3):
        a @ b


def round_(message):
    a, b, count = state["a"], state["b"], message["count"]
    begin = time.perf_counter()
    for _ in range(count):
        a @ b
    return {"ms": (time.perf_counter() - begin) * 1e3 / count}


serve({"prepare": prepare, "round": round_})
