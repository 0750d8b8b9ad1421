/** Packages, messages, enums and services in protobufjs's JSON form (whose own type wants fields that it never reads). */
export interface Descriptor {
  readonly nested: Readonly<Record<string, unknown>>;
}

/** Of a message: what is read or written of it, by name. */
export type Fields = Readonly<Record<string, readonly [id: number, type: string, kind?: "repeated" | "map"]>>;

export function message(fields: Fields): object {
  const entries = Object.entries(fields).map(([name, [id, type, kind]]) => {
    if (kind === "map") return [name, { id, type, keyType: "string" }];
    return [name, kind === "repeated" ? { id, type, rule: "repeated" } : { id, type }];
  });
  return { fields: Object.fromEntries(entries) };
}

/** A service whose methods' messages are named after them: `XRequest` and `XResponse`. */
export function service(...methods: readonly string[]): object {
  const entries = methods.map((name) => [name, { requestType: `${name}Request`, responseType: `${name}Response` }]);
  return { methods: Object.fromEntries(entries) };
}
