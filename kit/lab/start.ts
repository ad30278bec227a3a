/** What a run begins with: drawn weights, or a trained model, converted or as it is. */
import { free, type Tensor, tree } from "../engine/index.js";
import { UserError } from "../errors.js";
import { init, type Model } from "../model/index.js";
import { convert } from "../surgery/index.js";
import { expectTeacher } from "../train/index.js";
import { type Checkpoint, load } from "../weights/index.js";
import { fieldDifferences } from "./differences.js";
import { fetching, type Say } from "./fetching.js";
import { sourceOf } from "./merges.js";
import { type RunSpec, specHash } from "./spec.js";

/** The model of a run before its first step. */
export type Start = {
  readonly model: Model<Tensor>;
  /** The checkpoint it comes from, if it does: its tokenizer and its files. */
  readonly source?: Checkpoint<Tensor>;
  /** The model it was made from, by the recipe or before: the teacher, and what shows which weights are new. */
  readonly base?: Model<Tensor>;
};

/**
 * The model a run begins with.
 *
 * @param seed selects what is drawn
 * @param say told of what is fetched
 * @throws UserError when the source is not there, cannot be converted so, or becomes another model than the specification says;
 * when there is to be a teacher and none is known, or it does not fit
 */
export async function startOf({ initial, model: config, training }: RunSpec, seed: number, say?: Say): Promise<Start> {
  if (initial.kind !== "pretrained") return { model: init(config, seed, initial) };
  const { recipe, base: named } = initial;
  if (training.distillation !== undefined && named === undefined && recipe === undefined) {
    throw new UserError(`${initial.source} would be its own teacher`, {
      expected: "the model it was made from, or a recipe by which one is made from it",
      fix: "Name that model as the base",
    });
  }
  const told = fetching(initial.source, say);
  const source = await load(await sourceOf(initial, told), told);
  const model = recipe === undefined ? source.model : convert(source.model, recipe, { seed });
  if (specHash(model.config) !== specHash(config)) {
    const differing = fieldDifferences(model.config, config);
    free([source.model.params, model.params]);
    throw new UserError(
      `${initial.source} becomes another model than the specification says: ${differing.join("; ")}`,
      {
        expected: "the config that the recipe makes of the source's",
      },
    );
  }
  if (named === undefined) return { model, source, base: recipe && source.model };
  const { model: base } = await load(named, { tokenizer: false, ...fetching(named, say) });
  if (training.distillation !== undefined) expectTeacher(config, base.config, training.distillation);
  return { model, source, base };
}

/** Frees a start; its models may share weights. */
export function freeStart({ model, source, base }: Start): void {
  free([...new Set(tree.leaves<Tensor>([model.params, source?.model.params, base?.params]))]);
}
