import type { JsonObject } from "../../../api/meta/index.ts";
import { compileSchema, pruneUnknown, type StructuralNode } from "../../../api/structural/index.ts";
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from "../../../api/types/index.ts";

/** What all versions of a custom resource have in common. */
export interface CustomFacts {
  readonly group: string;
  readonly kind: string;
  /** Nothing is pruned: definitions that were written as v1beta1 may say so. */
  readonly keepsUnknown: boolean;
}

/** One version of a custom resource, as its definition says; its schema is compiled when first asked for. */
export class CustomVersion {
  readonly facts: CustomFacts;
  readonly definition: CustomResourceDefinitionVersion;
  #node: StructuralNode | undefined;
  #besideStatus: string[][] | undefined;

  constructor(facts: CustomFacts, definition: CustomResourceDefinitionVersion) {
    this.facts = facts;
    this.definition = definition;
  }

  get name(): string {
    return this.definition.name;
  }

  get node(): StructuralNode {
    this.#node ??= compileSchema(this.definition.schema?.openAPIV3Schema ?? anything);
    return this.#node;
  }

  /** The object without what the schema does not know; its paths are added to `unknown`. */
  pruned(object: JsonObject, unknown?: string[]): JsonObject {
    return this.facts.keepsUnknown ? object : pruneUnknown(object, this.node, unknown);
  }

  /** What may not be owned through the status endpoint. */
  get fieldsBesideStatus(): readonly string[][] {
    if (this.#besideStatus === undefined) {
      const fields = [...this.node.properties.keys()].filter((field) => field !== "status" && field !== "metadata");
      this.#besideStatus = [["metadata"], ...fields.map((field) => [field])];
    }
    return this.#besideStatus;
  }

  get openApiSchema(): JsonObject {
    return (this.definition.schema?.openAPIV3Schema ?? anything) as object as JsonObject;
  }
}

const anything: JSONSchemaProps = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
