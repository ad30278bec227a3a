"""Logits of a checkpoint in transformers, float32, written as raw little-endian float32."""

import time

import torch
from transformers import AutoModelForCausalLM
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def prepare(message):
    begin = time.perf_counter()
    state["model"] = AutoModelForCausalLM.from_pretrained(message["folder"], dtype=torch.float32).eval()
    return {"ms": (time.perf_counter() - begin) * 1e3, "parameters": state["model"].num_parameters()}


@torch.inference_mode()
def logits(message):
    begin = time.perf_counter()
    state["model"](input_ids=torch.tensor([message["ids"]])).logits[0].numpy().astype("<f4").tofile(message["file"])
    return {"ms": (time.perf_counter() - begin) * 1e3}


serve({"prepare": prepare, "logits": logits})
