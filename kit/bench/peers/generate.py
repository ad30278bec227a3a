"""Greedy decoding with a cache in transformers, float32.

The loop calls the model itself, which is faster than `model.generate`, and asks for the scores of the last token only.
"""

import time

import torch
from transformers import AutoModelForCausalLM, DynamicCache
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def prepare(message):
    begin = time.perf_counter()
    state["model"] = AutoModelForCausalLM.from_pretrained(message["name"], dtype=torch.float32).eval()
    return {"ms": (time.perf_counter() - begin) * 1e3}


@torch.inference_mode()
def read(ids):
    cache = DynamicCache(config=state["model"].config)
    scores = state["model"](input_ids=torch.tensor([ids]), past_key_values=cache, use_cache=True, logits_to_keep=1).logits
    return scores[0, -1].argmax().item(), cache


def prompt(message):
    begin = time.perf_counter()
    first, _ = read(message["ids"])
    return {"ms": (time.perf_counter() - begin) * 1e3, "ids": [first]}


@torch.inference_mode()
def decode(message):
    first, cache = read(message["ids"])
    ids = [first]
    begin = time.perf_counter()
    for _ in range(message["count"]):
        token = torch.tensor([[ids[-1]]])
        scores = state["model"](input_ids=token, past_key_values=cache, use_cache=True).logits
        ids.append(scores[0, -1].argmax().item())
    return {"ms": (time.perf_counter() - begin) * 1e3, "ids": ids}


@torch.inference_mode()
def floor(message):
    """Reads every matrix once, as a token must: one row times each, and nothing else."""
    matrices = [p for p in state["model"].parameters() if p.dim() == 2]
    rows = [torch.ones(1, matrix.shape[1]) for matrix in matrices]
    begin = time.perf_counter()
    for row, matrix in zip(rows, matrices):
        torch.nn.functional.linear(row, matrix)
    return {"ms": (time.perf_counter() - begin) * 1e3, "bytes": sum(m.numel() * m.element_size() for m in matrices)}


serve({"prepare": prepare, "prompt": prompt, "decode": decode, "floor": floor})
