/** A deep copy of a JSON value; several times as fast as structuredClone. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  return (Array.isArray(value) ? cloneArray(value) : cloneObject(value as Record<string, unknown>)) as T;
}

function cloneArray(values: readonly unknown[]): unknown[] {
  const out: unknown[] = [];
  for (const value of values) out.push(typeof value === "object" && value !== null ? cloneJson(value) : value);
  return out;
}

function cloneObject(value: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  // Values of JSON inherit no fields; unlike Object.keys this makes no list of them.
  for (const key in value) {
    const member = value[key];
    const copy = typeof member === "object" && member !== null ? cloneJson(member) : member;
    if (key === "__proto__") defineOwn(out, key, copy);
    else out[key] = copy;
  }
  return out;
}

/** JSON.parse makes an own field of "__proto__"; plain assignment would set the prototype. */
function defineOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Freezes a JSON value all the way down, for tests that must catch a mutation. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
