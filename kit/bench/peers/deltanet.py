"""A whole training step of a ternary Gated DeltaNet in PyTorch: eager, compiled, or under bfloat16 autocast.

Written as one would for speed on a CPU: no loop over tokens, the projections of one input in one product, fused norms, loss
and optimiser. Weights come from a safetensors file whose names are paths of the kit's parameter tree.
"""

import contextlib
import time

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from worker import THREADS, serve

torch.set_num_threads(THREADS)
state = {}


def ternary(weight):
    """Absmean rounding to {-1, 0, 1}, with the gradient of the identity."""
    alpha = weight.abs().mean().clamp(min=1e-5)
    return weight + ((weight * (1 / alpha)).round().clamp(-1, 1) * alpha - weight).detach()


def unit(x):
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


def delta_rule(q, k, v, log_decay, beta):
    """The gated delta rule (decay before prediction). q, k, v: [B, H, N, C, K | V]; log_decay, beta: [B, H, N, C]."""
    B, H, N, C, K = k.shape
    V = v.shape[-1]
    G = log_decay.cumsum(-1)
    lower = torch.ones(C, C, dtype=torch.bool).tril()
    decay = torch.where(lower, G.unsqueeze(-1) - G.unsqueeze(-2), -torch.inf).exp()
    G, beta = G.unsqueeze(-1), beta.unsqueeze(-1)
    A = (k @ k.mT * decay * beta).tril(-1)
    # Both right-hand sides at once. Autocast has no say here: LAPACK's solver is float32.
    right = torch.cat([beta * v, beta * G.exp() * k], -1).float()
    U, W = torch.linalg.solve_triangular(A.float(), right, upper=False, unitriangular=True).split([V, K], -1)
    scores = q @ k.mT * decay
    end = G[..., -1:, :]
    read, written, kept = q * G.exp(), k * (end - G).exp(), end.exp()
    S = torch.zeros(B, H, K, V)
    outputs = []
    for n in range(N):
        delta = U[:, :, n] - W[:, :, n] @ S
        outputs.append(read[:, :, n] @ S + scores[:, :, n] @ delta)
        S = S * kept[:, :, n] + written[:, :, n].mT @ delta
    return torch.stack(outputs, 2)


def mixer(x, weight, kernel, sizes):
    """Gated DeltaNet: short convolutions, the delta rule, a sigmoid gate."""
    B, T, _ = x.shape
    H, K, V, C = sizes["heads"], sizes["keyDim"], sizes["valueDim"], sizes["chunk"]
    names = ["q", "k", "v", "outputGate", "decay", "beta"]
    widths = [H * K, H * K, H * V, H * V, H, H]
    projected = F.linear(x, torch.cat([weight(name) for name in names]))
    qkv, gate, decay, beta = projected.split([sum(widths[:3]), *widths[3:]], -1)
    taps = torch.cat([kernel(name) for name in ["qConv", "kConv", "vConv"]], 1).t().unsqueeze(1)
    qkv = F.conv1d(F.pad(qkv.mT, (taps.shape[-1] - 1, 0)), taps, groups=taps.shape[0])
    heads = lambda y, width: y.reshape(B, T // C, C, H, width).permute(0, 3, 1, 2, 4)
    q, k, v = F.silu(qkv).mT.split(widths[:3], -1)
    q, k, v = unit(heads(q, K)), unit(heads(k, K)), heads(v, V)
    log_decay = F.logsigmoid(heads(decay, 1).squeeze(-1).float()) / sizes["normaliser"]
    o = delta_rule(q, k, v, log_decay, torch.sigmoid(heads(beta, 1).squeeze(-1)))
    o = o.permute(0, 2, 3, 1, 4).reshape(B, T, H * V)
    return F.linear(o * torch.sigmoid(gate), weight("o"))


def loss_function(params, sizes):
    width, eps = sizes["width"], sizes["normEps"]

    def loss(inputs, targets):
        x = F.embedding(inputs, params["embed"])
        for layer in range(sizes["layers"]):
            own = lambda name: params[f"layers.{layer}.{name}"]
            weight = lambda name: ternary(own(f"mixer.{name}"))
            kernel = lambda name: own(f"mixer.{name}")
            x = x + mixer(F.rms_norm(x, (width,), own("mixerNorm.gain"), eps), weight, kernel, sizes)
            h = F.rms_norm(x, (width,), own("mlpNorm.gain"), eps)
            both = F.linear(h, torch.cat([ternary(own("mlp.gate")), ternary(own("mlp.up"))]))
            gate, up = both.chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, ternary(own("mlp.down")))
        scores = F.linear(F.rms_norm(x, (width,), params["norm.gain"], eps), params["embed"])
        return F.cross_entropy(scores.view(-1, scores.shape[-1]), targets.reshape(-1))

    return loss


def prepare(message):
    params = {name: w.requires_grad_() for name, w in load_file(message["weights"]).items()}
    data = numpy.fromfile(message["data"], dtype="<i4").reshape(-1, message["batch"], message["time"] + 1)
    loss = loss_function(params, message["sizes"])
    gains = [w for name, w in params.items() if name.endswith("gain")]
    others = [w for name, w in params.items() if not name.endswith("gain")]
    # No decay for the norms' gains, as on the other side. Fused is PyTorch's fastest AdamW.
    groups = [{"params": others, "weight_decay": message["decay"]}, {"params": gains, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=message["learningRate"], betas=(0.9, 0.95), eps=1e-8, fused=True)
    bf16 = message["matmul"] == "bf16"
    state.update(
        loss=torch.compile(loss) if message["backend"] == "compile" else loss,
        precision=lambda: torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext(),
        params=list(params.values()),
        optimiser=optimiser,
        batches=torch.from_numpy(data).long(),
        clip=message["clip"],
    )
    return {"parameters": sum(w.numel() for w in params.values())}


def round_(message):
    rows = state["batches"][message["step"] % len(state["batches"])]
    begin = time.perf_counter()
    with state["precision"]():
        loss = state["loss"](rows[:, :-1].contiguous(), rows[:, 1:].contiguous())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state["params"], state["clip"], foreach=True)
    state["optimiser"].step()
    state["optimiser"].zero_grad(set_to_none=True)
    value = loss.item()
    return {"ms": (time.perf_counter() - begin) * 1e3, "lossNats": value}


serve({"prepare": prepare, "round": round_})
