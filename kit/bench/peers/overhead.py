"""What one small operation costs in PyTorch, with and without its gradient."""

import time

import torch
from worker import THREADS, serve

torch.set_num_threads(THREADS)
x, y = torch.ones(8), torch.full((8,), 0.5)


def chain(start, count):
    value = start
    for _ in range(count):
        value = value + y
    return value


def round_(message):
    count = message["count"]
    if message["gradient"]:
        start = x.clone().requires_grad_()
        begin = time.perf_counter()
        chain(start, count).sum().backward()
    else:
        begin = time.perf_counter()
        chain(x, count)
    return {"us": (time.perf_counter() - begin) * 1e6 / count}


serve({"round": round_})
