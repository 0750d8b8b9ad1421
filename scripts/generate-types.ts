import type { CompactDefinition, CompactField, Tables } from "./generate-schema.ts";
import { packageOf, type Source, typeOf } from "./generate-source.ts";

/** Packages of meta/v1 and apimachinery have hand-written types in api/meta; the rest get one file a package. */
const metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1";
const handWritten: Readonly<Record<string, string>> = {
  ObjectMeta: "ObjectMeta",
  ListMeta: "ListMeta",
  OwnerReference: "OwnerReference",
  ManagedFieldsEntry: "ManagedFieldsEntry",
  LabelSelector: "LabelSelector",
  LabelSelectorRequirement: "LabelSelectorRequirement",
  Condition: "Condition",
  Status: "Status",
  StatusCause: "StatusCause",
  StatusDetails: "StatusDetails",
};

/** `core-v1` of `io.k8s.api.core.v1`. */
function fileOf(pkg: string): string {
  return pkg.split(".").slice(-2).join("-");
}

/** Packages whose names are exported plainly by the index, in the order in which they win a name. */
const plain = [
  "core-v1",
  "meta-v1",
  "apps-v1",
  "batch-v1",
  "discovery-v1",
  "coordination-v1",
  "policy-v1",
  "rbac-v1",
  "storage-v1",
  "scheduling-v1",
  "networking-v1",
  "autoscaling-v2",
  "autoscaling-v1",
  "events-v1",
  "certificates-v1",
  "authorization-v1",
  "authentication-v1",
  "admissionregistration-v1",
  "apiextensions-v1",
  "apiregistration-v1",
  "flowcontrol-v1",
  "node-v1",
  "resource-v1",
];

export function buildTypes(source: Source, tables: Tables): Map<string, string> {
  const files = new Map<string, string>();
  const names = new Map<string, string[]>();
  for (const [pkg, definitions] of [...tables.published].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = Object.keys(definitions).filter((name) => pkg !== metaPackage || handWritten[name] === undefined);
    names.set(fileOf(pkg), own);
    const writer = new TypeFile(pkg, source);
    for (const name of own) writer.add(name, definitions[name] as CompactDefinition);
    files.set(`src/api/types/generated/${fileOf(pkg)}.ts`, writer.text());
  }
  files.set("src/api/types/generated/all.ts", indexFile(names));
  return files;
}

class TypeFile {
  readonly #pkg: string;
  readonly #source: Source;
  readonly #imports = new Map<string, Set<string>>();
  readonly #bodies: string[] = [];

  constructor(pkg: string, source: Source) {
    this.#pkg = pkg;
    this.#source = source;
  }

  add(name: string, definition: CompactDefinition): void {
    const published = this.#source.openApi.definitions[`${this.#pkg}.${name}`];
    const gvks = published?.["x-kubernetes-group-version-kind"] ?? [];
    const gvk = gvks.length === 1 ? gvks[0] : undefined;
    const apiVersion = gvk && (gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`);
    const isObject = gvk !== undefined && definition.f.metadata?.[0] === `@${metaPackage}.ObjectMeta`;
    const lines: string[] = [];
    for (const [field, compact] of Object.entries(definition.f)) {
      if (isObject && field === "metadata") continue;
      if (gvk && field === "apiVersion") lines.push(`  apiVersion: "${apiVersion}";`);
      else if (gvk && field === "kind") lines.push(`  kind: "${gvk.kind}";`);
      else lines.push(`  ${this.#fieldLine(field, compact)}`);
    }
    if (isObject) this.#import("../../meta/index.ts", "KubeObject");
    const body = lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n}`;
    const head = `export interface ${name}${isObject ? " extends KubeObject" : ""}`;
    this.#bodies.push(
      lines.length === 0 && !isObject ? `export type ${name} = Record<string, never>;` : `${head} ${body}`,
    );
  }

  #fieldLine(field: string, [type, , attributes = {}]: CompactField): string {
    const name = /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field);
    const written = this.#type(type);
    // Written as null when empty, unless validation rules it out (then it is required).
    const nullable = attributes.w && !attributes.r && /^[[{tm]/.test(type) ? " | null" : "";
    // Decoding fills spec and metadata; readers would pay for every needless question mark.
    const present = attributes.r || (attributes.w && (field === "spec" || field === "metadata"));
    const optional = present ? "" : "?";
    return `${name}${optional}: ${written}${nullable};`;
  }

  #type(type: string): string {
    const rest = type.slice(1);
    switch (type[0]) {
      case "[": {
        const items = this.#type(rest);
        return items.includes(" ") ? `(${items})[]` : `${items}[]`;
      }
      case "{":
        return `Record<string, ${this.#type(rest)}>`;
      case ".":
        return this.#reference(`${this.#pkg}.${rest}`);
      case "@":
        return this.#reference(rest);
      case "*":
        if (type === "*f") return this.#import("../../meta/index.ts", "JsonObject");
        return this.#import("../../meta/index.ts", "JsonValue");
      case "b":
        return "boolean";
      case "i":
      case "l":
      case "n":
        return "number";
      case "o":
        return this.#import("../../meta/index.ts", "IntOrString");
      default:
        return "string";
    }
  }

  #reference(definition: string): string {
    const pkg = packageOf(definition);
    const name = typeOf(definition);
    if (pkg === metaPackage) {
      const ours = handWritten[name];
      if (ours !== undefined) return this.#import("../../meta/index.ts", ours);
    }
    return pkg === this.#pkg ? name : this.#import(`./${fileOf(pkg)}.ts`, name);
  }

  #import(file: string, name: string): string {
    const set = this.#imports.get(file) ?? new Set<string>();
    set.add(name);
    this.#imports.set(file, set);
    return name;
  }

  text(): string {
    const imports = [...this.#imports]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([file, names]) => `import type { ${[...names].sort().join(", ")} } from "${file}";\n`);
    return `${imports.join("")}${imports.length > 0 ? "\n" : ""}${this.#bodies.join("\n\n")}\n`;
  }
}

function indexFile(names: ReadonlyMap<string, string[]>): string {
  const taken = new Set(Object.keys(handWritten));
  const lines: string[] = [];
  for (const file of [...names.keys()].sort()) {
    lines.push(`export type * as ${namespaceName(file)} from "./${file}.ts";`);
  }
  for (const file of plain) {
    const own = names.get(file);
    if (own === undefined) throw new Error(`no types of ${file}`);
    const exported = own.map((name) => {
      const as = taken.has(name) ? name + suffixOf(file) : name;
      if (taken.has(as)) throw new Error(`${file}: ${as} is taken twice`);
      taken.add(as);
      return as === name ? name : `${name} as ${as}`;
    });
    lines.push(`export type {\n${exported.map((e) => `  ${e},\n`).join("")}} from "./${file}.ts";`);
  }
  return `${lines.join("\n")}\n`;
}

/** `core-v1` to `coreV1`. */
function namespaceName(file: string): string {
  return file.replace(/-(.)/g, (_, c: string) => c.toUpperCase());
}

/** What marks a name that an earlier package has taken: `EventEventsV1`. */
function suffixOf(file: string): string {
  const name = namespaceName(file);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
