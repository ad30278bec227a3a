"""A whole training step of a Llama in PyTorch, eager or compiled, from a Hugging Face folder's weights."""

import json
import time

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def rotated(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def loss_function(config, params, time_steps):
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    width, eps = config["hidden_size"], config["rms_norm_eps"]
    head_width = config.get("head_dim") or width // heads
    theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
    angles = torch.arange(time_steps)[:, None] * theta ** (-torch.arange(0, head_width, 2).double() / head_width)
    cos, sin = angles.cos().float(), angles.sin().float()
    layers = range(config["num_hidden_layers"])
    embedding = params["model.embed_tokens.weight"]

    def loss(inputs, targets):
        batch = inputs.shape[0]
        split = lambda y, count: y.view(batch, time_steps, count, head_width).transpose(1, 2)
        x = F.embedding(inputs, embedding)
        for layer in layers:
            weight = lambda name: params[f"model.layers.{layer}.{name}.weight"]
            h = F.rms_norm(x, (width,), weight("input_layernorm"), eps)
            q = rotated(split(F.linear(h, weight("self_attn.q_proj")), heads), cos, sin)
            k = rotated(split(F.linear(h, weight("self_attn.k_proj")), kv_heads), cos, sin)
            v = split(F.linear(h, weight("self_attn.v_proj")), kv_heads)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            x = x + F.linear(mixed.transpose(1, 2).reshape(batch, time_steps, -1), weight("self_attn.o_proj"))
            h = F.rms_norm(x, (width,), weight("post_attention_layernorm"), eps)
            gated = F.silu(F.linear(h, weight("mlp.gate_proj"))) * F.linear(h, weight("mlp.up_proj"))
            x = x + F.linear(gated, weight("mlp.down_proj"))
        scores = F.linear(F.rms_norm(x, (width,), params["model.norm.weight"], eps), embedding)
        return F.cross_entropy(scores.view(-1, scores.shape[-1]), targets.reshape(-1))

    return loss


def prepare(message):
    with open(f"{message['folder']}/config.json") as file:
        config = json.load(file)
    params = {name: w.float().requires_grad_() for name, w in load_file(f"{message['folder']}/model.safetensors").items()}
    data = numpy.fromfile(message["data"], dtype="<i4").reshape(-1, message["batch"], message["time"] + 1)
    loss = loss_function(config, params, message["time"])
    gains = [w for name, w in params.items() if "norm" in name]
    matrices = [w for name, w in params.items() if "norm" not in name]
    # No decay for the norms' gains, as on the other side. Fused is PyTorch's fastest AdamW.
    groups = [{"params": matrices, "weight_decay": message["decay"]}, {"params": gains, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=message["learningRate"], betas=(0.9, 0.95), eps=1e-8, fused=True)
    state.update(
        loss=torch.compile(loss) if message["backend"] == "compile" else loss,
        params=list(params.values()),
        optimiser=optimiser,
        batches=torch.from_numpy(data).long(),
        clip=message["clip"],
    )
    return {"parameters": sum(w.numel() for w in params.values())}


def round_(message):
    rows = state["batches"][message["step"] % len(state["batches"])]
    begin = time.perf_counter()
    loss = state["loss"](rows[:, :-1].contiguous(), rows[:, 1:].contiguous())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state["params"], state["clip"])
    state["optimiser"].step()
    state["optimiser"].zero_grad(set_to_none=True)
    value = loss.item()
    return {"ms": (time.perf_counter() - begin) * 1e3, "lossNats": value}


serve({"prepare": prepare, "round": round_})
