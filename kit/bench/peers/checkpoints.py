"""Checkpoints in transformers, float32: their logits, what they generate, and steps of training."""

import torch
from transformers import AutoModelForCausalLM
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def load(message):
    """Loads a folder, with the Python that it brings."""
    found = AutoModelForCausalLM.from_pretrained(message["folder"], dtype=torch.float32, trust_remote_code=True).eval()
    state["model"] = found
    return {"class": type(found).__name__, "parameters": found.num_parameters()}


@torch.inference_mode()
def logits(message):
    """Of texts of one length, written as raw little-endian float32."""
    state["model"](input_ids=torch.tensor(message["ids"])).logits.numpy().astype("<f4").tofile(message["file"])


@torch.inference_mode()
def generate(message):
    """The likeliest tokens behind a text."""
    ids = torch.tensor([message["ids"]])
    found = state["model"].generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=message["count"], eos_token_id=None
    )
    return found[0, ids.shape[1] :].tolist()


def accumulate(message):
    """Loss and gradient of a step, of all texts at once and text by text as Trainer takes them: how far these are apart.

    A model that takes keywords is told by Trainer how many labels the whole step has; what it returns is added up.
    """
    model = state["model"]
    ids = torch.tensor(message["ids"])
    labels = ids.clone()
    # Unequal numbers of labels: a mean of the texts' means would be another loss.
    labels[0, : ids.shape[1] // 2] = -100

    def step(texts, **told):
        model.zero_grad()
        loss = sum(model(input_ids=text, labels=learnt, **told).loss for text, learnt in texts)
        loss.backward()
        return loss.item(), torch.cat([parameter.grad.flatten() for parameter in model.parameters()])

    whole, wanted = step([(ids, labels)])
    count = (labels[:, 1:] != -100).sum()
    added, found = step(zip(ids.split(1), labels.split(1)), num_items_in_batch=count)
    model.zero_grad()
    return {
        "loss": abs(added - whole) / whole,
        "gradient": ((found - wanted).abs().max() / wanted.abs().max()).item(),
    }


def train(message):
    """One step of plain gradient descent, then save_pretrained."""
    model = state["model"]
    ids = torch.tensor(message["ids"])
    before = model(input_ids=ids, labels=ids).loss
    before.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= message["learningRate"] * parameter.grad
        after = model(input_ids=ids, labels=ids).loss
    model.save_pretrained(message["out"])
    return {"before": before.item(), "after": after.item()}


serve({"load": load, "logits": logits, "generate": generate, "accumulate": accumulate, "train": train})
