import type { ConfigMap, Secret } from "../../api/types/index.ts";
import type { References } from "../references.ts";

/**
 * Reads for one round over all pods of a node: what many pods refer to is read once, and what was immutable when it was
 * last read is not read again.
 */
export class FreshReferences {
  readonly #references: References;
  #immutable = new Map<string, ConfigMap | Secret>();

  constructor(references: References) {
    this.#references = references;
  }

  /** The references of a new round. What it does not ask for is forgotten with the round after it. */
  round(): References {
    const before = this.#immutable;
    const now = new Map<string, ConfigMap | Secret>();
    this.#immutable = now;
    const reads = new Map<string, Promise<ConfigMap | Secret | undefined>>();
    const once = <T extends ConfigMap | Secret>(
      key: string,
      read: () => Promise<T | undefined>,
    ): Promise<T | undefined> => {
      const known = before.get(key) ?? now.get(key);
      if (known !== undefined) {
        now.set(key, known);
        return Promise.resolve(known as T);
      }
      const reading = reads.get(key) ?? read();
      reads.set(key, reading);
      void reading.then(
        (object) => {
          if (object?.immutable === true) now.set(key, object);
        },
        () => undefined, // Whoever asked learns of it.
      );
      return reading as Promise<T | undefined>;
    };
    return {
      claim: this.#references.claim,
      configMap: (namespace, name) =>
        once(`configmap/${namespace}/${name}`, () => this.#references.configMap(namespace, name)),
      secret: (namespace, name) => once(`secret/${namespace}/${name}`, () => this.#references.secret(namespace, name)),
    };
  }
}
