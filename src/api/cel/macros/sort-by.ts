import { typeText } from "../compile-error.ts";
import { callCost } from "../cost/call-costs.ts";
import { charge } from "../cost/count.ts";
import { factors } from "../cost/factors.ts";
import type { VariableScope } from "../cost/nodes.ts";
import type { Environment } from "../library.ts";
import { compareValues } from "../values.ts";
import {
  argument,
  type ExpandedMacro,
  type MacroCall,
  MacroError,
  noOverload,
  registerMacro,
  variableName,
} from "./macro.ts";

/** `sortBy`: a list in the order of a key that each element has. */
export function registerSortBy(environment: Environment): void {
  registerMacro(environment, "list.sortBy(ast, ast): dyn", expanded);
}

const comparable: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "int",
  "string",
  "uint",
  "google.protobuf.Duration",
  "google.protobuf.Timestamp",
]);

function expanded(call: MacroCall): ExpandedMacro {
  const { receiver } = call;
  if (receiver.op === "value" || receiver.op === "map") {
    throw new MacroError(
      "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
      receiver,
    );
  }
  const name = variableName(call.args[0], call, "argument is not an identifier");
  const body = argument(call, 1);
  let inner: VariableScope | undefined;
  let isKeyKnown = false;
  return {
    async: false,
    added: { name: call.methodName, range: receiver, variables: [name], bodies: [body] },
    typeCheck(checker, _, scope) {
      const type = checker.check(receiver, scope);
      const dyn = checker.getType("dyn");
      inner = scope.forkWithVariable(name, (type.kind === "list" && type.valueType) || dyn);
      const key = checker.check(body, inner);
      isKeyKnown = comparable.has(key.name);
      const isList = type.kind === "list" || type.kind === "dyn";
      if (isList && (isKeyKnown || key.kind === "dyn" || key.kind === "param")) return type;
      const keys = typeText(checker.formatType(checker.registry.getListType(key)));
      throw noOverload(checker, call, "@sortByAssociatedKeys", `${typeText(checker.formatType(type))}.(${keys})`);
    },
    evaluate(evaluator, _, scope) {
      const list = evaluator.run(receiver, scope);
      if (!Array.isArray(list) || inner === undefined) throw new Error("no such overload");
      const mine = inner.reuse(scope);
      charge(3);
      const keyed = list.map((element: unknown) => {
        charge(2 + factors.listCreation);
        mine.setIterValue(element, evaluator);
        return { element, key: evaluator.run(body, mine) };
      });
      const keys = keyed.map(({ key }) => key);
      charge(isKeyKnown || keys.length === 0 ? callCost("sort", [keys], keys) : 1);
      if (new Set(keys.map(kindOf)).size > 1) throw new Error("list elements must have the same type");
      return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ element }) => element);
    },
  };
}

function kindOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? value.constructor : typeof value;
}
