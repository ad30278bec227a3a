/** Examples as ids, with what is to be learnt of them. */
import { UserError } from "../../errors.js";
import { utf8Bytes } from "../corpus.js";
import type { Documents } from "../packing.js";
import { Ids, type Tokenizer } from "../tokenizer.js";
import { encodeAnswers, type MaskedIds, renderChat } from "./answers.js";
import type { ChatTemplate } from "./chatTemplate.js";
import type { Example } from "./forms.js";

/** Documents of which some ids only are to be learnt. */
export type MaskedDocuments = Documents & {
  /** For each of `ids` 1 when it is to be learnt, 0 when it is only read. */
  readonly counted: Uint8Array;
};

/** What turns examples into ids. */
export type Encoding = {
  readonly tokenizer: Tokenizer;
  /** Needed as soon as there is a conversation. */
  readonly template?: ChatTemplate;
  /** Id that packing puts in front of every document: a template that begins with it too does not double it. */
  readonly boundary: number;
};

/**
 * Ids of an example: of a text all count, of a conversation its answers.
 *
 * @throws UserError for a conversation without a template, or one that the template refuses
 */
export function encodeExample(example: Example, { tokenizer, template, boundary }: Encoding): MaskedIds {
  if (example.kind === "text") {
    // A text that happens to contain a marker must not end there.
    const ids = tokenizer.encode(example.text, { parseSpecial: false });
    return { ids, counted: new Uint8Array(ids.length).fill(1) };
  }
  if (template === undefined) {
    throw new UserError("there are conversations, and no chat template", {
      fix: 'Name one in the mixture: "template": "zephyr" is TinyLlama\'s, "chatml" SmolLM\'s',
    });
  }
  const { ids, counted } = encodeAnswers(tokenizer, renderChat(template, example.messages));
  return ids[0] === boundary ? { ids: ids.subarray(1), counted: counted.subarray(1) } : { ids, counted };
}

/** Documents that grow one by one. */
export class DocumentsBuilder {
  private readonly ids = new Ids();
  private readonly counted = new Ids();
  private readonly starts = new Ids();
  private readonly bytes = new Ids();

  constructor(private readonly encoding: Encoding) {}

  /** How many there are. */
  get count(): number {
    return this.starts.length;
  }

  /** @throws UserError as {@link encodeExample} */
  add(example: Example): void {
    const { ids, counted } = encodeExample(example, this.encoding);
    this.starts.push(this.ids.length);
    this.ids.append(ids);
    this.counted.append(counted);
    this.bytes.push(bytesOf(example));
  }

  documents(): MaskedDocuments {
    const starts = Int32Array.from([...this.starts.copy(), this.ids.length]);
    const counted = Uint8Array.from(this.counted.copy());
    return { ids: this.ids.copy(), starts, bytes: this.bytes.copy(), counted };
  }
}

/** Encodes examples once, for many epochs. */
export function encodeExamples(examples: Iterable<Example>, encoding: Encoding): MaskedDocuments {
  const builder = new DocumentsBuilder(encoding);
  for (const example of examples) builder.add(example);
  return builder.documents();
}

/** UTF-8 bytes of what is to be learnt: a text, or what the answers say, without the markers of a template. */
function bytesOf(example: Example): number {
  if (example.kind === "text") return utf8Bytes(example.text);
  const answers = example.messages.filter(({ role }) => role === "assistant");
  return answers.reduce((sum, { content }) => sum + utf8Bytes(content), 0);
}
