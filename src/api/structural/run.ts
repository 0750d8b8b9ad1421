import { type FieldError, type FieldPath, fieldError } from "../meta/index.ts";

/** One validation: where it is, and what it found. */
export class Run {
  errors: FieldError[] = [];
  readonly steps: (string | number)[] = [];
  readonly ratchets: boolean;
  readonly #base: FieldPath | undefined;

  constructor(base: FieldPath | undefined, ratchets: boolean) {
    this.#base = base;
    this.ratchets = ratchets;
  }

  /** How the original's texts call the place: without what is around the validated value. */
  get name(): string {
    let text = "";
    for (const step of this.steps) {
      if (typeof step === "number") text += `[${step}]`;
      else text += (text === "" ? "" : ".") + step;
    }
    return text;
  }

  field(more?: string): string {
    if (more !== undefined) this.steps.push(more);
    const { name } = this;
    if (more !== undefined) this.steps.pop();
    const base = this.#base?.toString() ?? "";
    if (base === "") return name === "" ? "<nil>" : name;
    return name === "" || name.startsWith("[") ? base + name : `${base}.${name}`;
  }

  get rootField(): string {
    return this.#base?.toString() ?? "<nil>";
  }

  invalid(value: unknown, what: string): void {
    this.errors.push(fieldError.invalid(this.field(), value, `${this.name} in body ${what}`));
  }
}
