/** Mends one thing tslab misses: `{ name }` in a cell, where `name` comes from an earlier cell. */
import { basename } from "node:path";
import type typescript from "typescript";
import type { TypeScript } from "./tslab.js";

/** The file in which tslab declares the names of earlier cells. */
const EARLIER = "__prev__.d.ts";

type Emit = typescript.BuilderProgram["emit"];
type Host = { afterProgramCreate?: (builder: typescript.BuilderProgram) => void };

/**
 * Makes a compiler host write names of earlier cells as `exports.name` in shorthand properties too.
 *
 * @param ts the compiler
 * @param host the host tslab is about to use; it is changed
 */
export function mendShorthand(ts: TypeScript, host: Host): void {
  let take: Host["afterProgramCreate"];
  Object.defineProperty(host, "afterProgramCreate", {
    configurable: true,
    enumerable: true,
    get: () => take,
    set: (given: NonNullable<Host["afterProgramCreate"]>) => {
      take = (builder) => {
        const emit: Emit = builder.emit.bind(builder);
        builder.emit = (file, write, token, onlyDeclarations, transformers) => {
          const before = [expand(ts, builder.getProgram().getTypeChecker()), ...(transformers?.before ?? [])];
          return emit(file, write, token, onlyDeclarations, { ...transformers, before });
        };
        given(builder);
      };
    },
  });
}

function expand(ts: TypeScript, checker: typescript.TypeChecker): typescript.TransformerFactory<typescript.SourceFile> {
  return (context) => {
    const { factory } = context;
    const visit = (node: typescript.Node): typescript.Node => {
      if (ts.isShorthandPropertyAssignment(node)) {
        const symbol = checker.getShorthandAssignmentValueSymbol(node);
        const earlier = symbol?.declarations?.some((d) => basename(d.getSourceFile().fileName) === EARLIER) === true;
        if (!earlier) return node;
        const value = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), node.name.text);
        return ts.setTextRange(factory.createPropertyAssignment(node.name.text, ts.setTextRange(value, node)), node);
      }
      return ts.visitEachChild(node, visit, context);
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}
