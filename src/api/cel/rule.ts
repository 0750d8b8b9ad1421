import { typeText } from "./compile-error.ts";
import { cardinality, schemaSizes } from "./cost/index.ts";
import type { Environment } from "./library.ts";
import { type Compilation, compileIn, type Program } from "./program.ts";
import { type NodeType, type RuleSchema, SchemaTypes } from "./schema-types.ts";

/** Compiles the rules of one schema: each sees the values of its node, by the node's type, as `self` and `oldSelf`. */
export class RuleCompiler {
  readonly #types = new SchemaTypes();
  readonly #environments = new Map<RuleSchema, Environment>();

  /** @param root the whole schema: all its types are there before the first environment is made from them */
  constructor(root: RuleSchema) {
    this.#types.typeOf(root, true);
  }

  /** @param isResource whether the node is a whole object, with apiVersion, kind and metadata */
  rule(node: RuleSchema, isResource: boolean, expression: string): Compilation {
    return compileIn(this.#environmentOf(node, isResource), expression, (type) =>
      type === "bool" ? undefined : "rule must evaluate to a bool",
    );
  }

  message(node: RuleSchema, isResource: boolean, expression: string): Compilation {
    const environment = this.#environmentOf(node, isResource);
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

  #environmentOf(node: RuleSchema, isResource: boolean): Environment {
    const known = this.#environments.get(node);
    if (known !== undefined) return known;
    const type = this.#types.typeOf(node, isResource).name;
    const made = this.#types.environment.clone().registerVariable("self", type).registerVariable("oldSelf", type);
    this.#environments.set(node, made);
    return made;
  }
}
