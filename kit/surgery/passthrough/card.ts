import { stringify } from "yaml";
import type { MergePlan } from "./plan.js";
import type { MergeSource } from "./source.js";

/**
 * The model card of a merge, in the form of mergekit's.
 *
 * @param plan what was merged
 * @param title the model's name
 */
export function modelCard({ models, base, text }: MergePlan, title: string): string {
  const front = {
    base_model: models.flatMap(({ hub }) => hub ?? []),
    library_name: "transformers",
    tags: ["mergekit", "merge"],
  };
  const baseModel = models.find(({ name }) => name === base);
  const using = baseModel === undefined ? "" : ` using ${linked(baseModel)} as a base`;
  const others = models.filter((model) => model !== baseModel).map((model) => `* ${linked(model)}`);
  return `---
${stringify(front, { indentSeq: false })}
---
# ${title}

This is a merge of pre-trained language models created by kintsugi from a configuration of [mergekit](https://github.com/arcee-ai/mergekit).

## Merge Details
### Merge Method

This model was merged using the Passthrough merge method${using}.

### Models Merged

The following models were included in the merge:
${others.join("\n")}

### Configuration

The following YAML configuration was used to produce this model:

\`\`\`yaml
${text}
\`\`\`
`;
}

function linked({ name, hub }: MergeSource): string {
  return hub === undefined ? name : `[${hub}](https://huggingface.co/${hub})`;
}
