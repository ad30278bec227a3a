"""Merges by the real mergekit, and what its tables of architectures say. Nothing is fetched."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import time

import torch
import yaml
from mergekit.architecture.json_definitions import JSON_ARCHITECTURES
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from worker import THREADS, serve

torch.set_num_threads(THREADS)


def merge(message):
    with open(message["file"], encoding="utf-8") as file:
        text = file.read()
    begin = time.perf_counter()
    config = MergeConfiguration.model_validate(yaml.safe_load(text))
    run_merge(config, message["out"], MergeOptions(quiet=True, **message.get("options", {})), config_source=text)
    return {"ms": (time.perf_counter() - begin) * 1e3}


def name_in_first(weight):
    return weight.name.replace("${layer_index}", "0")


def tables(message):
    """Names before, in and behind the layers, of every architecture with one list of layers."""
    found = []
    for architecture in JSON_ARCHITECTURES:
        modules = [module.architecture.definition for module in architecture.modules.values()]
        if len(modules) != 1 or not modules[0].layer_templates.weights:
            continue
        [definition] = modules
        parts = (definition.pre_weights, definition.layer_templates.weights, definition.post_weights)
        found.append([architecture.architectures[0], *([name_in_first(weight) for weight in part] for part in parts)])
    return found


serve({"merge": merge, "tables": tables})
