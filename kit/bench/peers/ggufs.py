"""GGUF files in the gguf package: their tensors against a folder's of transformers, by that package's own table of names."""

import gguf
import numpy as np
from safetensors.numpy import load_file
from worker import serve


def permuted(rows, heads):
    """Rotary pairs of rows (i, i + K/2) as llama.cpp wants them: (2i, 2i + 1)."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def compare(message):
    """The largest difference of each kind of tensor, relative to its largest value; whether Q8_0 has the package's bytes."""
    reader = gguf.GGUFReader(message["file"])
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    value = lambda key: reader.get_field(key).contents()
    heads = {"q_proj": value("llama.attention.head_count"), "k_proj": value("llama.attention.head_count_kv")}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, value("llama.block_count"))
    worst, same = 0.0, True
    for name, stored in load_file(message["weights"]).items():
        tensor = tensors.pop(names.get_name(name, try_suffixes=(".weight",)))
        projection = name.split(".")[-2]
        wanted = permuted(stored, heads[projection]) if projection in heads else stored
        found = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if tensor.tensor_type == gguf.GGMLQuantizationType.Q8_0:
            same = same and np.array_equal(gguf.quants.quantize(wanted, tensor.tensor_type), tensor.data)
        worst = max(worst, float(np.abs(found.reshape(wanted.shape) - wanted).max() / np.abs(wanted).max()))
    tokens = reader.get_field("tokenizer.ggml.tokens")
    return {"worst": worst, "same": bool(same), "left": sorted(tensors), "tokens": len(tokens.data) if tokens else 0}


serve({"compare": compare})
