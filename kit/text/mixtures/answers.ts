/** Which tokens of a conversation are answers: the ones a model is to learn. */
import { UserError } from "../../errors.js";
import { Ids, SPACE, type Tokenizer } from "../tokenizer.js";
import type { ChatTemplate } from "./chatTemplate.js";
import type { Message } from "./forms.js";

/** Part of a text, in UTF-16 units. */
export type Span = { readonly start: number; readonly end: number };

/** A conversation as text, and where its answers stand in it. */
export type RenderedChat = { readonly text: string; readonly answers: readonly Span[] };

/** Ids, and for each whether it is to be learnt: 1 or 0. */
export type MaskedIds = { readonly ids: Int32Array; readonly counted: Uint8Array };

/**
 * Renders a conversation and finds its answers in the text.
 *
 * An answer begins where the model would go on after the prompt (`addGenerationPrompt`) and ends with the marker that ends
 * its turn, so that the model learns to stop; white space behind the marker belongs to nobody. This asks nothing of a
 * template but that it renders the beginning of a conversation in the same way whatever follows.
 *
 * @throws UserError when the template refuses the conversation, or does not render its beginning in the same way
 */
export function renderChat(template: ChatTemplate, messages: readonly Message[]): RenderedChat {
  const text = template.render(messages);
  const answers = messages.flatMap(({ role, content }, i): Span[] => {
    if (role !== "assistant" || content.trim() === "") return [];
    const prompt = template.render(messages.slice(0, i), { addGenerationPrompt: true });
    const said = i + 1 === messages.length ? text : template.render(messages.slice(0, i + 1));
    if (!text.startsWith(said) || !said.startsWith(prompt)) throw unsteady(i);
    const start = prompt.length;
    return [{ start, end: start + answerLength(said.slice(start), content) }];
  });
  return { text, answers };
}

/** The turn without white space behind its marker; where no marker follows, white space is all that ends the turn. */
function answerLength(turn: string, content: string): number {
  const core = content.trim();
  const from = turn.indexOf(core);
  const behind = from < 0 ? turn : turn.slice(from + core.length);
  return behind.trim() === "" ? turn.length : turn.trimEnd().length;
}

function unsteady(turn: number): UserError {
  return new UserError("the chat template renders the beginning of a conversation in another way than the whole", {
    where: `messages[${turn}]`,
    expected: "a template whose text only grows from turn to turn, so that its answers can be found",
  });
}

/**
 * The ids of a rendered conversation, and which of them are answers.
 *
 * The text is encoded all at once, as `apply_chat_template` does. Where a token begins is read from the tokens' bytes;
 * spaces that the tokenizer puts in front of a text are passed over, and so is what unknown tokens stand for. Where a token
 * reaches across the border of an answer (`\nThe` in vocabularies that merge across lines), or the bytes do not spell the
 * text (after a normaliser that changes letters), the pieces between the borders are encoded each on its own: so does
 * generation, whose prompt ends at the border.
 *
 * @param tokenizer whose ids; markers spelt out in the text become their ids
 * @param chat what {@link renderChat} gave
 */
export function encodeAnswers(tokenizer: Tokenizer, chat: RenderedChat): MaskedIds {
  const { text } = chat;
  const answers = chat.answers.map((span) => throughMarker(tokenizer, text, span));
  const ids = tokenizer.encode(text, { parseSpecial: true });
  const bytes = Buffer.from(text, "utf8");
  const starts = tokenStarts(tokenizer, ids, bytes);
  const byteAt = (at: number): number => Buffer.byteLength(text.slice(0, at), "utf8");
  const spans = answers.map(({ start, end }) => ({ from: byteAt(start), to: byteAt(end) }));
  const borders = new Set([...(starts ?? []), bytes.length]);
  if (starts === undefined || !spans.every(({ from, to }) => borders.has(from) && borders.has(to))) {
    return encodePieces(tokenizer, { text, answers });
  }
  const counted = new Uint8Array(ids.length);
  for (const { from, to } of spans) {
    starts.forEach((at, i) => {
      if (at >= from && at < to) counted[i] = 1;
    });
  }
  return { ids, counted };
}

/** The answer with all of the token that ends it: llama2.c's `\n</s>\n` brings a line feed of its own. */
function throughMarker({ special, tokenOf }: Tokenizer, text: string, { start, end }: Span): Span {
  const marker = special.eos === undefined ? "" : tokenOf(special.eos);
  const seen = marker.trimEnd().length;
  return { start, end: text.startsWith(marker, end - seen) ? end - seen + marker.length : end };
}

/** The byte of the text at which each token begins, or nothing when the tokens do not spell the text. */
function tokenStarts(tokenizer: Tokenizer, ids: Int32Array, text: Buffer): Int32Array | undefined {
  const starts = new Int32Array(ids.length);
  let at = 0;
  let unknown = false;
  for (let i = 0; i < ids.length; i++) {
    starts[i] = at;
    // It stands for letters that no token spells: they reach up to what the next token spells.
    if (ids[i] === tokenizer.special.unk) {
      unknown = true;
      continue;
    }
    let bytes = tokenizer.bytes(ids[i]);
    if (unknown) at = Math.max(at, text.indexOf(bytes, at));
    // A space that the text has not: tokenizers of the SentencePiece kind begin every text with one.
    while (bytes.length > 0 && bytes[0] === SPACE && !spells(bytes, text, at)) bytes = bytes.subarray(1);
    if (!spells(bytes, text, at)) return undefined;
    [starts[i], unknown] = [at, false];
    at += bytes.length;
  }
  return unknown || at === text.length ? starts : undefined;
}

function spells(bytes: Uint8Array, text: Buffer, at: number): boolean {
  return at + bytes.length <= text.length && text.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0;
}

function encodePieces(tokenizer: Tokenizer, { text, answers }: RenderedChat): MaskedIds {
  const ids = new Ids();
  const counted = new Ids();
  const append = (piece: string, counts: number): void => {
    const encoded = tokenizer.encode(piece, { parseSpecial: true });
    ids.append(encoded);
    for (let i = 0; i < encoded.length; i++) counted.push(counts);
  };
  let at = 0;
  for (const { start, end } of answers) {
    append(text.slice(at, start), 0);
    append(text.slice(start, end), 1);
    at = end;
  }
  append(text.slice(at), 0);
  return { ids: ids.copy(), counted: Uint8Array.from(counted.copy()) };
}
