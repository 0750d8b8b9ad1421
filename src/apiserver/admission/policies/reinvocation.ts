import { cloneJson, deepEqual, type KubeObject } from "../../../api/meta/index.ts";
import type { Attributes } from "../admission.ts";

/**
 * Which webhooks or policies of one plugin see a request's object once more: in the second round of all plugins those
 * that want it, if anybody changed the object after them. None is asked for the first time in the second round.
 */
export class Reinvocations {
  readonly #requests = new WeakMap<Attributes, Reinvocation>();

  /** At the begin of a round. */
  begin(attributes: Attributes, isReinvocation: boolean): Reinvocation {
    const known = this.#requests.get(attributes);
    if (known !== undefined && isReinvocation) {
      known.beginAgain(attributes.object);
      return known;
    }
    const made = new Reinvocation(isReinvocation);
    this.#requests.set(attributes, made);
    return made;
  }

  /** Whether the round that has just been changed the object. */
  isWanted(attributes: Attributes): boolean {
    return this.#requests.get(attributes)?.hasChanged ?? false;
  }
}

/** One request's rounds in one plugin. */
export class Reinvocation {
  isAgain: boolean;
  hasChanged = false;
  /** Invoked since the object changed last, and willing to be invoked again. */
  readonly #willing = new Set<unknown>();
  readonly #wanted = new Set<unknown>();
  #output: KubeObject | undefined;

  constructor(isAgain: boolean) {
    this.isAgain = isAgain;
  }

  beginAgain(object: KubeObject | undefined): void {
    this.isAgain = true;
    this.hasChanged = false;
    if (this.#output !== undefined && !deepEqual(this.#output, object)) this.#wantWilling();
  }

  /** Whether this one is not to be invoked in this round. */
  skips(hook: unknown): boolean {
    return this.isAgain && !this.#wanted.has(hook);
  }

  invoked(hook: unknown, changed: boolean, policy: string | undefined): void {
    if (changed) {
      this.#wantWilling();
      this.hasChanged = true;
    }
    if (policy === "IfNeeded") this.#willing.add(hook);
  }

  /** At the end of a round. */
  end(object: KubeObject | undefined): void {
    this.#output = this.#willing.size === 0 || object === undefined ? undefined : cloneJson(object);
  }

  #wantWilling(): void {
    for (const hook of this.#willing) this.#wanted.add(hook);
    this.#willing.clear();
  }
}
