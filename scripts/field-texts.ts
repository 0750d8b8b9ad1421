/**
 * Texts of fields that hold a struct: the typings that descriptions.ts reads have none for them, those of
 * kubernetes-types have, as of Kubernetes v1.30.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `core/v1` for `io.k8s.api.core.v1.Container`, `meta/v1` for `io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`. */
function moduleOf(definition: string): string {
  const [version = "", group = ""] = definition.split(".").slice(0, -1).reverse();
  return `${group}/${version}`;
}

/** Reads the texts of a definition's fields; none for what the package does not have. */
export function fieldTextReader(typings: string): (definition: string) => ReadonlyMap<string, string> {
  const modules = new Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>>();
  return (definition) => {
    const name = moduleOf(definition);
    let interfaces = modules.get(name);
    if (interfaces === undefined) {
      const file = join(typings, `${name}.d.ts`);
      interfaces = existsSync(file) ? readInterfaces(readFileSync(file, "utf8")) : new Map();
      modules.set(name, interfaces);
    }
    return interfaces.get(definition.slice(definition.lastIndexOf(".") + 1)) ?? new Map();
  };
}

/** Interface to field to text, in one line: a break counts as a space. */
export function readInterfaces(typings: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [, name = "", body = ""] of typings.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const fields = new Map<string, string>();
    for (const [, comment = "", field = ""] of body.matchAll(
      /\/\*\*([\s\S]*?)\*\/\s*(?:readonly )?["']?([\w$-]+)["']?\??:/g,
    )) {
      fields.set(field, inOneLine(comment));
    }
    found.set(name, fields);
  }
  return found;
}

function inOneLine(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  return lines.join(" ").replaceAll("*\\/", "*/").trim();
}
