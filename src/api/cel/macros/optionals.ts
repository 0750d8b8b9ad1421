import { typeText } from "../compile-error.ts";
import { charge } from "../cost/count.ts";
import type { CelType, VariableScope } from "../cost/nodes.ts";
import { type Environment, library } from "../library.ts";
import { argument, type ExpandedMacro, type MacroCall, noOverload, registerMacro, variableName } from "./macro.ts";

/** `optMap` and `optFlatMap`: what becomes of the value of an optional, if it has one. */
export function registerOptionalMacros(environment: Environment): void {
  registerMacro(environment, "optional.optMap(ast, ast): dyn", (call) => expanded(call, false));
  registerMacro(environment, "optional.optFlatMap(ast, ast): dyn", (call) => expanded(call, true));
}

function expanded(call: MacroCall, isFlat: boolean): ExpandedMacro {
  const { receiver, methodName } = call;
  const name = variableName(call.args[0], call, `${methodName}() variable name must be a simple identifier`);
  const body = argument(call, 1);
  let inner: VariableScope | undefined;
  let isRead = false;
  return {
    async: false,
    added: {
      name: methodName,
      range: receiver,
      variables: [name],
      bodies: [body],
      onRead() {
        // The value is taken out of the optional when it is first asked for.
        if (!isRead) charge(2);
        isRead = true;
      },
    },
    typeCheck(checker, _, scope) {
      const type = checker.check(receiver, scope);
      const text = (one: CelType) => typeText(checker.formatType(one));
      if (type.kind !== "optional" && type.kind !== "dyn") {
        throw noOverload(checker, call, "hasValue", `${text(type)}.()`);
      }
      inner = scope.forkWithVariable(name, (type.kind === "optional" && type.valueType) || checker.getType("dyn"));
      const made = checker.check(body, inner);
      if (!isFlat) return checker.registry.getOptionalType(made);
      if (made.kind === "optional") return made;
      if (made.kind === "dyn") return checker.registry.getOptionalType(made);
      throw noOverload(checker, call, "_?_:_", `(bool, ${text(made)}, optional_type(dyn))`);
    },
    evaluate(evaluator, _, scope) {
      const { Optional } = library();
      const optional = evaluator.run(receiver, scope);
      charge(receiver.op === "id" ? 1 : 2);
      if (!(optional instanceof Optional)) throw new Error("no such overload");
      if (!optional.hasValue() || inner === undefined) {
        charge(1);
        return Optional.none();
      }
      isRead = false;
      const mine = inner.reuse(scope);
      mine.setIterValue(optional.value(), evaluator);
      if (isFlat) return evaluator.run(body, mine);
      charge(1);
      return Optional.of(evaluator.run(body, mine));
    },
  };
}
