"""A model that kintsugi has built, for transformers.

`model` in config.json is the kit's description of it, a layer at a time: what mixes tokens, which norm stands before each
half of the layer, and whether token mixing and squeeze-and-excitation follow. Here each of these is one module.

There is no cache: `generate` reads the whole text again for each token. Texts of a batch may be padded on the right.

Shapes: `B` texts, `T` tokens, `D` width, `H` heads, `K` their width.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput


class KintsugiConfig(PretrainedConfig):
    """`model`: the kit's `ModelConfig`. `version`: of the form of this file, 1; stored because it has no default."""

    model_type = "kintsugi"

    def __init__(self, model=None, version=None, **kwargs):
        self.model = model or {"vocab": 1, "width": 1, "context": 1, "tied": False, "normEps": 1e-5, "layers": []}
        self.version = version
        kwargs["tie_word_embeddings"] = self.model["tied"]
        super().__init__(**kwargs)

    @property
    def vocab_size(self):
        return self.model["vocab"]

    @vocab_size.setter
    def vocab_size(self, size):
        self.model = {**self.model, "vocab": size}

    @property
    def hidden_size(self):
        return self.model["width"]

    @property
    def num_hidden_layers(self):
        return len(self.model["layers"])

    @property
    def max_position_embeddings(self):
        return self.model["context"]


def unit_rms(x, eps):
    """`x / √(mean(x²) + eps)`, in float32."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


def pool(x, spec):
    """What a token knows of its text: the mean of tokens 0 … t, the same with old ones fading, or of all (it leaks).

    x: [B, T, D]; result: the same, or [B, 1, D].
    """
    if spec["kind"] == "sequence":
        return x.mean(1, keepdim=True)
    time = torch.arange(x.shape[1], device=x.device)
    age = time[:, None] - time
    weights = torch.where(age < 0, 0.0, spec.get("decay", 1.0) ** age.clamp(min=0))
    return (weights / weights.sum(1, keepdim=True)).to(x.dtype) @ x


def causal_convolution(x, kernel):
    """Each channel's last k values; row k − 1 of the kernel [k, D] multiplies the present."""
    taps = kernel.shape[0]
    padded = F.pad(x, (0, 0, taps - 1, 0))
    return sum(padded[:, i : i + x.shape[1]] * kernel[i] for i in range(taps))


class KintsugiRMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def gains(self, unit):
        return self.weight

    def forward(self, x):
        unit = unit_rms(x, self.eps)
        return (unit * self.gains(unit)).to(x.dtype)


class AdaptiveRMSNorm(KintsugiRMSNorm):
    """`y = (weight + W·pool(x̂)) ⊙ x̂`; W is a matrix, or `up · down` of a rank."""

    def __init__(self, width, eps, spec):
        super().__init__(width, eps)
        self.pool, rank = spec["pool"], spec["rank"]
        sizes = {"matrix": (width, width)} if rank == "full" else {"down": (width, rank), "up": (rank, width)}
        self.adapt = nn.Sequential(OrderedDict((name, nn.Linear(*io, bias=False)) for name, io in sizes.items()))

    def gains(self, unit):
        return self.weight + self.adapt(pool(unit, self.pool).to(self.weight.dtype))


class TokenMixing(nn.Module):
    """`y = x + conv(x) + bias`, depthwise and causal."""

    def __init__(self, width, spec):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(spec["kernel"], width))
        self.bias = nn.Parameter(torch.zeros(width)) if spec.get("bias") else None

    def forward(self, x):
        mixed = x + causal_convolution(x, self.kernel)
        return mixed if self.bias is None else mixed + self.bias


class SqueezeExcite(nn.Module):
    """`y = x ⊙ gate(up · relu(down · pool(x)))`; the gate is σ or 2σ."""

    def __init__(self, width, spec):
        super().__init__()
        self.pool, bias = spec["pool"], bool(spec.get("bias"))
        self.most = {"sigmoid": 1, "doubleSigmoid": 2}[spec["gate"]]
        self.down = nn.Linear(width, spec["hidden"], bias=bias)
        self.up = nn.Linear(spec["hidden"], width, bias=bias)

    def forward(self, x):
        return x * (self.most * torch.sigmoid(self.up(F.relu(self.down(pool(x, self.pool))))))


def rotated(x, rope):
    """Rotary positions; x: [B, H, T, K]. The pairs (2i, 2i + 1) come back as (i, i + K/2), which no score notices."""
    if rope["layout"] == "interleaved":
        x = x.unflatten(-1, (-1, 2)).transpose(-1, -2).flatten(-2)
    half = x.shape[-1] // 2
    frequencies = rope["theta"] ** (torch.arange(half, device=x.device) / -half)
    angles = torch.outer(torch.arange(x.shape[-2], device=x.device), frequencies)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.float().split(half, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


def attend(q, k, v):
    """Causal attention, [B, H, T, ·]. Where there are fewer keys than queries, neighbouring heads share them."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


class Attention(nn.Module):
    queries_per_head = 1

    def __init__(self, width, spec, eps):
        super().__init__()
        self.spec = spec
        heads, keys = spec["heads"] * spec["headDim"], spec["kvHeads"] * spec["headDim"]
        self.q_proj = nn.Linear(width, self.queries_per_head * heads, bias=False)
        self.k_proj = nn.Linear(width, keys, bias=False)
        self.v_proj = nn.Linear(width, keys, bias=False)
        self.o_proj = nn.Linear(heads, width, bias=False)

    def mix(self, q, k, v, x):
        """What each head makes of rotated queries and keys, [B, H, T, K]; x is what the layer was given."""
        return attend(q, k, v)

    def forward(self, x):
        width, rope = self.spec["headDim"], self.spec["rope"]
        q, k, v = (
            project(x).unflatten(-1, (-1, width)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = self.mix(rotated(q, rope), rotated(k, rope), v, x)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


def evens_first(x):
    """Heads 0, 2, 4, …, then heads 1, 3, 5, …"""
    return torch.cat([x[:, 0::2], x[:, 1::2]], 1)


def side_by_side(x):
    """Each head of the first half beside its partner in the second."""
    return torch.cat(x.chunk(2, 1), -1)


def neighbours_side_by_side(x):
    return side_by_side(evens_first(x))


def partners(x):
    """Each head's partner in the other half in its place."""
    return x.roll(x.shape[1] // 2, 1)


def rotary_groups(x):
    """Rotary pairs 0, 2, 4, … of all heads, then pairs 1, 3, 5, …: [B, H, T, K] → [B, 2H, T, K/2]."""
    pairs = x.unflatten(-1, (2, -1, 2))
    return torch.cat([pairs[..., 0].flatten(-2), pairs[..., 1].flatten(-2)], 1)


def same(x):
    return x


# How maps come in pairs: queries and keys with all first members first, and values as a pair has them.
SPLITS = {
    "adjacentHeads": (evens_first, neighbours_side_by_side),
    "halvedHeads": (same, side_by_side),
    "withinHead": (rotary_groups, same),
}


class DifferentialV1(Attention):
    """`o = (A₁ − λ·A₂)·v`, one λ for a layer; normed and scaled by 1 − λ_init, unless its output is `residual`."""

    def __init__(self, width, spec, eps):
        super().__init__(width, spec, eps)
        self.eps, self.lambda_init, self.output = eps, spec["lambdaInit"], spec["output"]
        self.apart, self.joined = SPLITS[spec["split"]]
        maps = 2 if spec["split"] == "withinHead" else 1
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            setattr(self, name, nn.Parameter(torch.zeros(spec["headDim"] // maps)))
        self.sub_norm = KintsugiRMSNorm(2 * spec["headDim"] // maps, eps) if self.output == "subNorm" else None

    def scale(self):
        """λ = exp(λq1·λk1) − exp(λq2·λk2) + λ_init"""
        first, second = self.lambda_q1 * self.lambda_k1, self.lambda_q2 * self.lambda_k2
        return first.sum().exp() - second.sum().exp() + self.lambda_init

    def mix(self, q, k, v, x):
        if self.output == "residual":
            return attend(q, k, v) - self.scale() * attend(partners(q), partners(k), v)
        a1, a2 = attend(self.apart(q), self.apart(k), self.joined(v).repeat(1, 2, 1, 1)).chunk(2, 1)
        mixed = a1 - self.scale() * a2
        normed = unit_rms(mixed, self.eps).to(x.dtype) if self.sub_norm is None else self.sub_norm(mixed)
        return normed * (1 - self.lambda_init)


class DifferentialV2(Attention):
    """`o = a₂ₕ − σ(λ(x))·a₂ₕ₊₁`: twice the queries, a gate for each head and token."""

    queries_per_head = 2

    def __init__(self, width, spec, eps):
        super().__init__(width, spec, eps)
        self.lambda_proj = nn.Linear(width, spec["heads"], bias=bool(spec.get("lambdaBias")))

    def mix(self, q, k, v, x):
        mixed = attend(q, k, v)
        gate = torch.sigmoid(self.lambda_proj(x)).transpose(1, 2).unsqueeze(-1)
        return mixed[:, 0::2] - gate * mixed[:, 1::2]


MIXERS = {"attention": Attention, "differentialV1": DifferentialV1, "differentialV2": DifferentialV2}


class Swiglu(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


def norm_of(spec, width, eps):
    return AdaptiveRMSNorm(width, eps, spec) if spec["kind"] == "adaptiveRmsNorm" else KintsugiRMSNorm(width, eps)


def optional(part, width, spec):
    """A part that not every layer has."""
    return nn.Identity() if spec is None else part(width, spec)


class KintsugiLayer(nn.Module):
    """`x += tokenMixing(mixer(norm(x)))`, then `x += squeezeExcite(mlp(norm(x)))`."""

    def __init__(self, spec, width, eps):
        super().__init__()
        self.input_layernorm = norm_of(spec["norm"], width, eps)
        self.self_attn = MIXERS[spec["mixer"]["kind"]](width, spec["mixer"], eps)
        self.token_mixing = optional(TokenMixing, width, spec.get("tokenMixing"))
        self.post_attention_layernorm = norm_of(spec["norm"], width, eps)
        self.mlp = Swiglu(width, spec["mlp"]["hidden"])
        self.squeeze_excite = optional(SqueezeExcite, width, spec.get("squeezeExcite"))

    def forward(self, x):
        x = x + self.token_mixing(self.self_attn(self.input_layernorm(x)))
        return x + self.squeeze_excite(self.mlp(self.post_attention_layernorm(x)))


class KintsugiPreTrainedModel(PreTrainedModel):
    config_class = KintsugiConfig
    base_model_prefix = "model"
    _no_split_modules = ["KintsugiLayer"]


class KintsugiModel(KintsugiPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        eps = config.model["normEps"]
        self.layers = nn.ModuleList(KintsugiLayer(spec, config.hidden_size, eps) for spec in config.model["layers"])
        self.norm = KintsugiRMSNorm(config.hidden_size, eps)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, inputs_embeds=None, output_hidden_states=False, **_):
        if attention_mask is not None and (attention_mask.dim() != 2 or (attention_mask.long().diff() > 0).any()):
            raise ValueError("A kintsugi model needs its padding on the right, and a mask of shape [B, T]")
        x = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        states = [x]
        for layer in self.layers:
            states.append(layer(states[-1]))
        last = self.norm(states[-1])
        return BaseModelOutput(last, (*states[:-1], last) if output_hidden_states else None)


class KintsugiForCausalLM(KintsugiPreTrainedModel, GenerationMixin):
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model = KintsugiModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **_):
        return {"input_ids": input_ids, "attention_mask": attention_mask}

    def forward(self, input_ids=None, attention_mask=None, labels=None, logits_to_keep=0, **kwargs):
        found = self.model(input_ids, attention_mask, **kwargs)
        states = found.last_hidden_state
        logits = self.lm_head(states[:, -logits_to_keep:] if logits_to_keep else states)
        loss = None
        if labels is not None:
            # A trainer may tell how many labels the whole step has, `num_items_in_batch`, and then does not divide itself.
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size, **kwargs)
        return CausalLMOutput(loss, logits, found.hidden_states)
