import { UserError } from "../errors.js";
import { type AddedToken, addedFinder } from "./added.js";
import { type BpeModel, bpeWords } from "./bpe.js";
import { decoding } from "./decoding.js";
import { normalizer } from "./library.js";
import { PairTable } from "./pairs.js";
import { asId, asList, asRecord, asString, type JsonRecord } from "./record.js";
import { splitting } from "./splitting.js";
import { makeTokenizer, type SpecialIds, type Tokenizer } from "./tokenizer.js";

/**
 * A tokenizer from Hugging Face's `tokenizer.json`, used exactly as the file says.
 *
 * Normalisation and patterns come from the library `@huggingface/tokenizers`; merging, splitting and decoding are ours:
 * faster by a cache of words, exact on digits outside ASCII (the library's `Digits` is not), and by bytes, so that text
 * can be streamed. Decoding never tidies spaces and leaves markers out by id, whatever they are spelt like.
 *
 * @param json the parsed file
 * @param config the parsed `tokenizer_config.json` or `special_tokens_map.json`; tells which tokens begin, end, pad
 * @returns the tokenizer
 * @throws UserError when the file is damaged or asks for what is not supported (only BPE models are)
 */
export function tokenizerFromJson(json: unknown, config?: unknown): Tokenizer {
  const file = asRecord(json, "tokenizer.json");
  const settings = config === undefined || config === null ? {} : asRecord(config, "tokenizer_config.json");
  const model = asRecord(file.model, "model");
  const { tokens, ids } = vocabulary(model);
  const normalize = normalizer(file.normalizer);
  const added = addedTokens(file.added_tokens, tokens, ids);
  const { split, byteLevel } = splitting(file.pre_tokenizer);
  const words = bpeWords(bpeModel(model, ids, byteLevel));
  const decoder = decoding(file.decoder);
  const findRaw = addedFinder(added.filter((token) => !token.normalized));
  const findNormalized = addedFinder(
    added.filter((token) => token.normalized).map((token) => ({ ...token, content: normalize(token.content) })),
  );
  // An added token that is looked for in normalised text stands for its normalised spelling, spaces included.
  const spelling = new Map(
    added.map((token) => [token.id, token.normalized ? normalize(token.content) : token.content]),
  );
  const { before, after } = template(file.post_processor, ids);
  return makeTokenizer({
    kind: byteLevel ? "byte-level-bpe" : "bpe",
    tokens,
    bytes: (token, id) => decoder.bytes(spelling.get(id) ?? token),
    leading: decoder.leading,
    special: specialIds(settings, model, ids, added, before),
    markers: new Set(added.filter((token) => token.special).map((token) => token.id)),
    before,
    after,
    encode(text, parseSpecial, out) {
      for (const section of findRaw(text, parseSpecial)) {
        if ("id" in section) {
          out.push(section.id);
          continue;
        }
        for (const part of findNormalized(normalize(section.text), parseSpecial)) {
          if ("id" in part) out.push(part.id);
          else for (const word of split(part.text, section.at === 0 && part.at === 0)) words(word, out);
        }
      }
    },
  });
}

function vocabulary(model: JsonRecord): { tokens: (string | undefined)[]; ids: Map<string, number> } {
  const type = model.type ?? (model.merges === undefined ? "unknown" : "BPE");
  if (type !== "BPE") {
    throw new UserError(`the tokenizer model ${String(type)} is not supported`, {
      where: "model.type",
      expected: "BPE",
    });
  }
  const ids = new Map<string, number>();
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(asRecord(model.vocab, "model.vocab"))) {
    place(tokens, asId(id, `model.vocab["${token}"]`), token);
    ids.set(token, id as number);
  }
  return { tokens, ids };
}

/** The largest vocabulary that is read: a lying id must not fill the memory. */
const LARGEST = 1 << 24;

function place(tokens: (string | undefined)[], id: number, token: string): void {
  if (id >= LARGEST) throw new UserError(`the id ${id} of "${token}" is absurd`, { where: "tokenizer.json" });
  while (tokens.length <= id) tokens.push(undefined);
  tokens[id] = token;
}

function bpeModel(model: JsonRecord, ids: ReadonlyMap<string, number>, byteLevel: boolean): BpeModel {
  for (const affix of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (model[affix]) throw new UserError(`${affix} is not supported`, { where: "model" });
  }
  if (typeof model.dropout === "number" && model.dropout > 0) {
    throw new UserError("a tokenizer that drops merges at random is not supported", { where: "model.dropout" });
  }
  const merges = asList(model.merges, "model.merges");
  const pairs = new PairTable(merges.length);
  merges.forEach((merge, rank) => {
    const where = `model.merges[${rank}]`;
    const parts = (typeof merge === "string" ? merge.split(" ") : asList(merge, where)).map((part) =>
      asString(part, where),
    );
    if (parts.length !== 2) throw new UserError("this merge has not two parts", { where, expected: "two tokens" });
    const found = [...parts, parts.join("")].map((token) => {
      const id = ids.get(token);
      if (id === undefined) throw new UserError(`"${token}" is merged but not in the vocabulary`, { where });
      return id;
    });
    pairs.set(found[0], found[1], rank, found[2]);
  });
  return {
    ids,
    pairs,
    byteLevel,
    ignoreMerges: model.ignore_merges === true,
    byteFallback: model.byte_fallback === true,
    unk: typeof model.unk_token === "string" ? ids.get(model.unk_token) : undefined,
    fuseUnk: model.fuse_unk === true,
  };
}

function addedTokens(value: unknown, tokens: (string | undefined)[], ids: Map<string, number>): AddedToken[] {
  return asList(value, "added_tokens").map((entry, i) => {
    const where = `added_tokens[${i}]`;
    const record = asRecord(entry, where);
    const content = asString(record.content, `${where}.content`);
    const id = asId(record.id, `${where}.id`);
    place(tokens, id, content);
    ids.set(content, id);
    const special = record.special === true;
    return {
      id,
      content,
      special,
      normalized: (record.normalized ?? !special) === true,
      singleWord: record.single_word === true,
      lstrip: record.lstrip === true,
      rstrip: record.rstrip === true,
    };
  });
}

function template(value: unknown, ids: ReadonlyMap<string, number>): { before: number[]; after: number[] } {
  const nothing = { before: [], after: [] };
  if (value === null || value === undefined) return nothing;
  const record = asRecord(value, "post_processor");
  const id = (token: unknown, where: string): number => {
    const found = ids.get(asString(token, where));
    if (found === undefined) throw new UserError(`"${String(token)}" is not in the vocabulary`, { where });
    return found;
  };
  switch (record.type) {
    case "ByteLevel":
      return nothing;
    case "Sequence":
      return asList(record.processors, "post_processor.processors")
        .map((step) => template(step, ids))
        .reduce((a, b) => ({ before: [...b.before, ...a.before], after: [...a.after, ...b.after] }), nothing);
    case "BertProcessing":
    case "RobertaProcessing":
      return {
        before: [id(asList(record.cls, "post_processor.cls")[0], "post_processor.cls")],
        after: [id(asList(record.sep, "post_processor.sep")[0], "post_processor.sep")],
      };
    case "TemplateProcessing": {
      const sides: { before: number[]; after: number[] } = { before: [], after: [] };
      let side = sides.before;
      for (const item of asList(record.single, "post_processor.single")) {
        const step = asRecord(item, "post_processor.single");
        if (step.Sequence !== undefined) side = sides.after;
        else {
          const where = "post_processor.single.SpecialToken";
          side.push(id(asRecord(step.SpecialToken, where).id, where));
        }
      }
      return sides;
    }
    default:
      throw new UserError(`the post-processor ${String(record.type)} is not supported`, { where: "post_processor" });
  }
}

function specialIds(
  settings: JsonRecord,
  model: JsonRecord,
  ids: ReadonlyMap<string, number>,
  added: readonly AddedToken[],
  before: readonly number[],
): SpecialIds {
  const named = (role: string): number | undefined => {
    const value = settings[`${role}_token`];
    const content = typeof value === "object" && value !== null ? (value as JsonRecord).content : value;
    return typeof content === "string" ? ids.get(content) : undefined;
  };
  // Without a configuration the common names are taken, if the file adds them as special tokens.
  const common = (...names: string[]): number | undefined =>
    added.find((token) => token.special && names.includes(token.content))?.id;
  const unk = named("unk") ?? (typeof model.unk_token === "string" ? ids.get(model.unk_token) : undefined);
  const bos = named("bos") ?? before[0] ?? common("<s>", "<|begin_of_text|>", "<|endoftext|>");
  const eos = named("eos") ?? common("</s>", "<|end_of_text|>", "<|endoftext|>");
  const pad = named("pad");
  return {
    ...(bos === undefined ? {} : { bos }),
    ...(eos === undefined ? {} : { eos }),
    ...(pad === undefined ? {} : { pad }),
    ...(unk === undefined ? {} : { unk }),
  };
}
