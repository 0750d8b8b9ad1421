/**
 * Where a field is: immutable, and as cheap as one small object a step, because validation makes thousands of paths
 * and prints none of them when all is well.
 */
export class FieldPath {
  readonly #parent: FieldPath | undefined;
  readonly #step: string | number;
  /** Whether the step is a key or an index, in brackets. */
  readonly #bracketed: boolean;

  constructor(parent: FieldPath | undefined, step: string | number, bracketed: boolean) {
    this.#parent = parent;
    this.#step = step;
    this.#bracketed = bracketed;
  }

  child(name: string, ...more: string[]): FieldPath {
    let path = new FieldPath(this, name, false);
    for (const next of more) path = new FieldPath(path, next, false);
    return path;
  }

  index(index: number): FieldPath {
    return new FieldPath(this, index, true);
  }

  key(key: string): FieldPath {
    return new FieldPath(this, key, true);
  }

  toString(): string {
    const before = this.#parent === undefined ? "" : this.#parent.toString();
    if (this.#bracketed) return `${before}[${this.#step}]`;
    return before === "" ? String(this.#step) : `${before}.${this.#step}`;
  }
}

/** `root("spec").child("containers").index(0).child("name")` is `spec.containers[0].name`. */
export function root(name: string, ...more: string[]): FieldPath {
  const path = new FieldPath(undefined, name, false);
  const [next, ...rest] = more;
  return next === undefined ? path : path.child(next, ...rest);
}
