const keyMark = "\0";

/** Where in a document decoding is: pushed and popped on the way, made into text only when something is wrong. */
export class Trail {
  readonly #steps: (string | number)[] = [];
  /** Names of the Go structs around the place, innermost last: error texts start with the innermost. */
  readonly #structs: string[] = [];
  readonly unknown: string[] | undefined;

  constructor(collectUnknown: boolean) {
    this.unknown = collectUnknown ? [] : undefined;
  }

  push(step: string | number): void {
    this.#steps.push(step);
  }

  /** A map's key: part of paths, but not of what error texts call the field. */
  pushKey(key: string): void {
    this.#steps.push(keyMark + key);
  }

  pop(): void {
    this.#steps.pop();
  }

  enter(struct: string): void {
    this.#structs.push(struct);
  }

  leave(): void {
    this.#structs.pop();
  }

  get struct(): string {
    return this.#structs.at(-1) ?? "";
  }

  /** `spec.ports[0].foo`: how strict decoding names a place. */
  path(): string {
    let text = "";
    for (const step of this.#steps) {
      if (typeof step === "number") text += `[${step}]`;
      else text += (text === "" ? "" : ".") + (step.startsWith(keyMark) ? step.slice(1) : step);
    }
    return text;
  }

  /** `spec.ports.port`: how Go's type errors name it, without indexes and map keys. */
  fieldPath(): string {
    return this.#steps.filter((step) => typeof step === "string" && !step.startsWith(keyMark)).join(".");
  }
}
