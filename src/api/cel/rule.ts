import { typeText } from "./compile-error.ts";
import { cardinality, schemaSizes } from "./cost/index.ts";
import type { Environment } from "./library.ts";
import { type Compilation, compileIn, type Program } from "./program.ts";
import { type NodeType, type RuleSchema, SchemaTypes } from "./schema-types.ts";

/** Compiles the rules of one schema: each sees the values of its node, by the node's type, as `self` and `oldSelf`. */
export class RuleCompiler {
  readonly #types = new SchemaTypes();
  readonly #environments = new Map<RuleSchema, Environment>();
  /** Those in which the old value may be missing. */
  readonly #optional = new Map<RuleSchema, Environment>();

  /** @param root the whole schema: all its types are there before the first environment is made from them */
  constructor(root: RuleSchema) {
    this.#types.typeOf(root, true);
  }

  /**
   * @param isResource whether the node is a whole object, with apiVersion, kind and metadata
   * @param isOldOptional whether `oldSelf` is an optional: the rule is then asked about new values, too
   */
  rule(node: RuleSchema, isResource: boolean, expression: string, isOldOptional = false): Compilation {
    return compileIn(this.#environmentOf(node, isResource, isOldOptional), expression, (type) =>
      type === "bool" ? undefined : "rule must evaluate to a bool",
    );
  }

  message(node: RuleSchema, isResource: boolean, expression: string, isOldOptional = false): Compilation {
    const environment = this.#environmentOf(node, isResource, isOldOptional);
    const { error, program } = compileIn(environment, expression, (type) =>
      type === "string" ? undefined : `messageExpression must evaluate to a string, not ${typeText(type)}`,
    );
    if (program !== undefined) return { program };
    return { error: error.replace(/^compilation failed/, "messageExpression compilation failed") };
  }

  /**
   * What evaluating an expression of the node costs at worst in one request.
   * @param repeats how many values of the node the schemas around it allow; undefined without such a bound
   */
  worstCost(node: RuleSchema, isResource: boolean, program: Program, repeats: number | undefined): number {
    return program.worstCost(schemaSizes(node, isResource)) * (repeats ?? cardinality(node, isResource));
  }

  typeOf(node: RuleSchema, isResource: boolean): NodeType {
    return this.#types.typeOf(node, isResource);
  }

  #environmentOf(node: RuleSchema, isResource: boolean, isOldOptional: boolean): Environment {
    const environments = isOldOptional ? this.#optional : this.#environments;
    const known = environments.get(node);
    if (known !== undefined) return known;
    const type = this.#types.typeOf(node, isResource).name;
    const old = isOldOptional ? `optional<${type}>` : type;
    const made = this.#types.environment.clone().registerVariable("self", type).registerVariable("oldSelf", old);
    environments.set(node, made);
    return made;
  }
}
