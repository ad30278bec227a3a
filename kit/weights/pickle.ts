import { UserError } from "../errors.js";

/** Whether a file begins like a Python pickle of protocol 2 or later. */
export function isPickle(start: Uint8Array): boolean {
  return start[0] === 0x80 && start[1] >= 2 && start[1] <= 5;
}

/** The refusal of a pickled checkpoint, with the way out. */
export function pickleError(path: string): UserError {
  return new UserError(`${path} is a Python pickle, which can run any program when it is loaded`, {
    expected: "safetensors, GGUF or llama2.c weights",
    fix:
      "Where you trust its origin, convert it with Python: " +
      'import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in torch.load("IN", weights_only=True).items()}, "model.safetensors", {"format": "pt"})',
  });
}
