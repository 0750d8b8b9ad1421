import { typeText } from "../compile-error.ts";
import { charge } from "../cost/count.ts";
import { factors } from "../cost/factors.ts";
import type { CelNode, CelType, Checker, Evaluator, Scope, VariableScope } from "../cost/nodes.ts";
import type { Environment } from "../library.ts";
import {
  argument,
  type ExpandedMacro,
  type MacroCall,
  MacroError,
  noOverload,
  registerMacro,
  variableName,
} from "./macro.ts";

/** Macros that see index and element of lists, and key and value of maps. */
export function registerTwoVariableMacros(environment: Environment): void {
  const quantifier = (call: MacroCall) => expanded(call, quantifiers[call.methodName] ?? existsOne);
  for (const name of ["all", "exists", "existsOne", "exists_one"]) {
    registerMacro(environment, `list.${name}(ast, ast, ast): bool`, quantifier);
  }
  for (const name of ["transformList", "transformMap", "transformMapEntry"]) {
    const expand = (call: MacroCall) => expanded(call, transforms[name] ?? transformList);
    registerMacro(environment, `list.${name}(ast, ast, ast): dyn`, expand);
    registerMacro(environment, `list.${name}(ast, ast, ast, ast): dyn`, expand);
  }
}

/** The elements, and what the bodies are for each. */
interface Rounds {
  readonly count: number;
  /** Makes the variables those of the next element; its index or key. */
  each(run: (key: unknown) => boolean): void;
  /** @returns what the filter says; true without one */
  passes(): boolean;
  body(): unknown;
}

interface Kind {
  /** @param body the type of the last argument */
  type(checker: Checker, call: MacroCall, key: CelType, body: CelType): CelType;
  run(rounds: Rounds): unknown;
}

function expanded(call: MacroCall, kind: Kind): ExpandedMacro {
  const notSimple = "argument must be a simple name";
  const first = variableName(call.args[0], call, notSimple);
  const second = variableName(call.args[1], call, notSimple);
  if (first === second) throw new MacroError(`duplicate variable name: ${first}`, argument(call, 1));
  const body = argument(call, -1);
  const filter = call.args.length === 4 ? call.args[2] : undefined;
  const range = call.receiver;
  let outer: VariableScope | undefined;
  let inner: VariableScope | undefined;
  return {
    async: false,
    added: {
      name: call.methodName,
      range,
      variables: [first, second],
      bodies: filter === undefined ? [body] : [filter, body],
    },
    typeCheck(checker, _, scope) {
      const [key, value] = entryTypes(checker, range, scope);
      outer = scope.forkWithVariable(first, key);
      inner = outer.forkWithVariable(second, value);
      const tested = filter && checker.check(filter, inner);
      const type = kind.type(checker, call, key, checker.check(body, inner));
      if (tested !== undefined && tested.kind !== "dyn" && tested.name !== "bool") {
        const made = typeText(checker.formatType(type));
        throw noOverload(checker, call, "_?_:_", `(${typeText(checker.formatType(tested))}, ${made}, ${made})`);
      }
      return type;
    },
    evaluate(evaluator, _, scope) {
      if (outer === undefined || inner === undefined) throw new Error("the expression was not checked");
      return kind.run(roundsOf(evaluator, scope, outer, inner, range, filter, body));
    },
  };
}

function entryTypes(checker: Checker, range: CelNode, scope: Scope): readonly [CelType, CelType] {
  const type = checker.check(range, scope);
  const dyn = checker.getType("dyn");
  // Of an empty literal nothing is known.
  const known = (part: CelType | undefined) => (part === undefined || part.kind === "param" ? dyn : part);
  if (type.kind === "dyn") return [dyn, dyn];
  if (type.kind === "list") return [checker.getType("int"), known(type.valueType)];
  if (type.kind === "map") return [known(type.keyType), known(type.valueType)];
  throw checker.createError(
    "invalid_comprehension_range",
    `Expression of type '${checker.formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic).`,
    range,
  );
}

function roundsOf(
  evaluator: Evaluator,
  scope: Scope,
  checkedOuter: VariableScope,
  checkedInner: VariableScope,
  range: CelNode,
  filter: CelNode | undefined,
  body: CelNode,
): Rounds {
  const entries = entriesOf(evaluator.run(range, scope));
  const outer = checkedOuter.reuse(scope);
  const inner = checkedInner.reuse(outer);
  return {
    count: entries.length,
    each(run) {
      for (const [key, value] of entries) {
        outer.setIterValue(key, evaluator);
        inner.setIterValue(value, evaluator);
        if (!run(key)) return;
      }
    },
    passes() {
      const passes = filter === undefined || evaluator.run(filter, inner);
      if (typeof passes === "boolean") return passes;
      throw new Error("no such overload");
    },
    body: () => evaluator.run(body, inner),
  };
}

function entriesOf(range: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(range)) return range.map((value: unknown, i) => [BigInt(i), value]);
  if (range instanceof Set) return [...range].map((value: unknown, i) => [BigInt(i), value]);
  if (range instanceof Map) return [...range];
  const prototype: unknown = typeof range === "object" && range !== null ? Object.getPrototypeOf(range) : undefined;
  if (prototype === Object.prototype || prototype === null) return Object.entries(range as object);
  throw new Error(`unsupported comprehension range type: ${runtimeName(range)}`);
}

function runtimeName(value: unknown): string {
  const names: Readonly<Record<string, string>> = {
    bigint: "types.Int",
    number: "types.Double",
    boolean: "types.Bool",
    string: "types.String",
  };
  return names[typeof value] ?? (value === null ? "types.Null" : "types.Unknown");
}

/** Ends at the first element that decides; mistakes count only when none does. */
function untilDecided(deciding: boolean, round: number, lastLook: number): Kind {
  return {
    type: boolType,
    run(rounds) {
      charge(1);
      let isDecided = false;
      let mistake: unknown;
      rounds.each(() => {
        if (isDecided) {
          charge(lastLook);
          return false;
        }
        charge(round);
        try {
          const result = rounds.body();
          if (typeof result !== "boolean") throw new Error("no such overload");
          isDecided = result === deciding;
        } catch (err) {
          mistake ??= err;
        }
        return true;
      });
      if (mistake !== undefined && !isDecided) throw mistake;
      return isDecided === deciding;
    },
  };
}

const existsOne: Kind = {
  type: boolType,
  run(rounds) {
    charge(2);
    let found = 0;
    rounds.each(() => {
      const result = rounds.body();
      if (typeof result !== "boolean") throw new Error("no such overload");
      if (!result) return true;
      charge(2);
      found++;
      return true;
    });
    return found === 1;
  },
};

const quantifiers: Readonly<Record<string, Kind>> = {
  all: untilDecided(false, 3, 2),
  exists: untilDecided(true, 4, 3),
};

function boolType(checker: Checker, call: MacroCall, _: CelType, body: CelType): CelType {
  if (body.kind === "dyn" || body.name === "bool") return checker.getType("bool");
  const found = typeText(checker.formatType(body));
  throw checker.createError("macro", `expected type 'bool' but found '${found}'`, argument(call, -1));
}

const transformList: Kind = {
  type: (checker, _, __, body) => checker.registry.getListType(body),
  run(rounds) {
    charge(1);
    const made: unknown[] = [];
    rounds.each(() => {
      if (!rounds.passes()) return true;
      charge(2 + factors.listCreation);
      made.push(rounds.body());
      return true;
    });
    return made;
  },
};

const transformMap: Kind = {
  type: (checker, _, key, body) => checker.registry.getMapType(key, body),
  run(rounds) {
    charge(1);
    const made = new Map<unknown, unknown>();
    rounds.each((key) => {
      if (!rounds.passes()) return true;
      charge(3);
      made.set(key, rounds.body());
      return true;
    });
    return made;
  },
};

const transformMapEntry: Kind = {
  type(checker, call, _, body) {
    const dyn = checker.getType("dyn");
    if (body.kind === "dyn") return checker.registry.getMapType(dyn, dyn);
    if (body.kind === "map") return body;
    const found = typeText(checker.formatType(body));
    throw noOverload(checker, call, "cel.@mapInsert", `(map(dyn, dyn), ${found})`);
  },
  run(rounds) {
    charge(1);
    const made = new Map<unknown, unknown>();
    rounds.each(() => {
      if (!rounds.passes()) return true;
      charge(2);
      const entries = rounds.body();
      if (typeof entries !== "object" || entries === null || Array.isArray(entries))
        throw new Error("no such overload");
      for (const [key, value] of entriesOf(entries)) {
        if (made.has(key)) throw new Error(`insert failed: key ${String(key)} already exists`);
        made.set(key, value);
      }
      return true;
    });
    return made;
  },
};

const transforms: Readonly<Record<string, Kind>> = { transformList, transformMap, transformMapEntry };
