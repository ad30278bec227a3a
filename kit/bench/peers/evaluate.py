"""Log-likelihoods by lm-evaluation-harness's Hugging Face backend, float32, tokenizing and batching as it does."""

import time

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def prepare(message):
    begin = time.perf_counter()
    # As `local-completions` does and the kit: nothing stands before a context that is not in it.
    state["model"] = HFLM(
        pretrained=message["folder"], device="cpu", dtype="float32", batch_size=1, add_bos_token=False
    )
    return {"ms": (time.perf_counter() - begin) * 1e3}


def score(message):
    model = state["model"]
    model.batch_size_per_gpu = message["batchSize"]
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=(pair["context"], pair["continuation"]), idx=i)
        for i, pair in enumerate(message["pairs"])
    ]
    begin = time.perf_counter()
    answers = model.loglikelihood(requests, disable_tqdm=True)
    return {"ms": (time.perf_counter() - begin) * 1e3, "scores": [float(value) for value, _ in answers]}


serve({"prepare": prepare, "score": score})
