import { admissionVariables, withVariables } from "./environment.ts";
import type { Environment } from "./library.ts";
import { anyType, compileIn } from "./program.ts";
import { type RuleSchema, SchemaTypes } from "./schema-types.ts";

/** What the expressions of a policy see when their types are checked. */
export interface TypedPolicy {
  /** Of `object` and `oldObject`. */
  readonly object: RuleSchema;
  /** Of `params`; null where there are some of a kind that nothing is known of. */
  readonly params?: RuleSchema | null;
  readonly variables?: readonly { readonly name?: string; readonly expression?: string }[];
}

/** Checks expressions by the types of one resource. What is wrong is told as the original's compiler does. */
export class PolicyTypeChecker {
  readonly #environment: Environment;

  constructor({ object, params, variables = [] }: TypedPolicy) {
    const types = new SchemaTypes({ wholeMetadata: true });
    const objectType = types.typeOf(object, true).name;
    const paramsType = params === undefined ? undefined : params === null ? "dyn" : types.typeOf(params, true).name;
    const plain = admissionVariables(types.environment.clone(), objectType, paramsType);
    this.#environment = variables.length === 0 ? plain : this.#composed(plain, variables);
  }

  /** Undefined for an expression whose types fit. */
  check(expression: string): string | undefined {
    const { error } = compileIn(this.#environment, expression, anyType);
    return error?.startsWith("program instantiation") ? undefined : error?.replace(/^compilation failed: /, "");
  }

  #composed(plain: Environment, variables: NonNullable<TypedPolicy["variables"]>): Environment {
    const types: Record<string, string> = {};
    let environment = withVariables(plain, types);
    for (const { name = "", expression = "" } of variables) {
      const type = compileIn(environment, expression, anyType).program?.type ?? "dyn";
      types[name] = /^(?:dyn|null|type)/.test(type) ? "dyn" : type;
      try {
        environment = withVariables(plain, types);
      } catch {
        types[name] = "dyn"; // a type without a name in declarations
        environment = withVariables(plain, types);
      }
    }
    return environment;
  }
}
