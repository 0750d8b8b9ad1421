import type { AddedMacro, CelNode, CelType, Checker, Evaluator, Scope } from "../cost/nodes.ts";
import type { Environment } from "../library.ts";

/** How macros that the library lacks are put into it. */

/** What the parser found. */
export interface MacroCall {
  readonly ast: CelNode;
  readonly args: readonly CelNode[];
  readonly receiver: CelNode;
  readonly methodName: string;
}

/** What the parser keeps of a macro. */
export interface ExpandedMacro {
  readonly async: false;
  readonly added: AddedMacro;
  typeCheck(checker: Checker, macro: unknown, scope: Scope): CelType;
  evaluate(evaluator: Evaluator, macro: unknown, scope: Scope): unknown;
}

/** @param signature the arguments' types are all `ast` */
export function registerMacro(environment: Environment, signature: string, expand: (call: MacroCall) => ExpandedMacro) {
  environment.registerFunction(signature, expand, { async: false });
}

/** A mistake in how a macro is written, in the original's words. */
export class MacroError extends Error {
  override readonly name = "MacroError";
  readonly code = "macro";
  readonly summary: string;
  readonly range: { readonly start: number; readonly end: number };

  constructor(message: string, node: CelNode) {
    super(message);
    this.summary = message;
    // A field's place is that of its dot.
    const start = node.op === "." ? node.pos - 1 : node.start;
    this.range = { start, end: node.end };
  }
}

/** The name that an argument is. */
export function variableName(node: CelNode | undefined, call: MacroCall, mistake: string): string {
  if (node?.op !== "id") throw new MacroError(mistake, node ?? call.ast);
  return String(node.args);
}

/** An argument that is there by the macro's number of arguments. */
export function argument(call: MacroCall, at: number): CelNode {
  const node = call.args.at(at);
  if (node === undefined) throw new MacroError(`${call.methodName} lacks an argument`, call.ast);
  return node;
}

/** The call that a macro stands for does not fit its arguments. */
export function noOverload(checker: Checker, call: MacroCall, name: string, applied: string): Error {
  return checker.createError(
    "macro_call",
    `found no matching overload for '${name}' applied to '${applied}'`,
    call.ast,
  );
}
