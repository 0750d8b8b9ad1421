import type { ResourceKind } from "../../../api/kinds/index.ts";
import { deepEqual } from "../../../api/meta/index.ts";
import type { CustomResourceDefinition } from "../../../api/types/index.ts";
import { isConditionOf } from "./conditions.ts";
import { CustomResource, customKinds } from "./custom-kind.ts";

/** A definition whose resource is served, with the kinds that came of it. They stay the same while what they are made of does. */
export class ServedDefinition {
  readonly kinds: readonly ResourceKind[];
  readonly #resource: CustomResource;

  /** @param since what is stored at a later revision was written by these kinds; undefined where others write, too */
  constructor(definition: CustomResourceDefinition, since: number | undefined) {
    this.#resource = new CustomResource(definition, since);
    this.#resource.isTerminating = isTerminating(definition);
    this.kinds = customKinds(this.#resource);
  }

  /** Whether the definition still says what the kinds were made of. */
  isOf(definition: CustomResourceDefinition): boolean {
    const { uid } = this.#resource.definition.metadata;
    const { spec, status } = this.#resource.definition;
    return (
      definition.metadata.uid === uid &&
      deepEqual(definition.spec, spec) &&
      deepEqual(definition.status?.acceptedNames, status?.acceptedNames)
    );
  }

  /** Takes over that the definition is on its way out. Tells whether that is news. */
  follow(definition: CustomResourceDefinition): boolean {
    const now = isTerminating(definition);
    const isNews = now !== this.#resource.isTerminating;
    this.#resource.isTerminating = now;
    return isNews;
  }
}

function isTerminating(definition: CustomResourceDefinition): boolean {
  return isConditionOf(definition, "Terminating");
}
