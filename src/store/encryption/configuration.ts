import { parseYaml } from "../../api/codec/index.ts";
import { type FieldError, type FieldPath, fieldError, root } from "../../api/meta/index.ts";
import type { CipherName } from "./providers.ts";
import type { GroupResource } from "./resource-of-key.ts";

/** The file of --encryption-provider-config cannot be used; the message says where and why. */
export class EncryptionConfigError extends Error {
  override readonly name = "EncryptionConfigError";
}

export interface KeyConfig {
  readonly name: string;
  readonly secret: Buffer;
}

export type ProviderConfig =
  | { readonly name: "identity" }
  | { readonly name: CipherName; readonly keys: readonly KeyConfig[] };

/** Which resources (`*` for all of a group, or of all groups) are kept how: the first provider writes, all read. */
export interface ResourceConfig {
  readonly resources: readonly GroupResource[];
  readonly providers: readonly ProviderConfig[];
}

/** Stands for what may hold a key: a misplaced secret is not told to the log either. */
const hidden = "REDACTED";

type Fields = Readonly<Record<string, unknown>>;

const providerNames = ["kms", "aesgcm", "aescbc", "secretbox", "identity"] as const;
const keyBytes: Readonly<Record<CipherName, readonly number[]>> = {
  aescbc: [16, 24, 32],
  aesgcm: [16, 24, 32],
  secretbox: [32],
};
/** What the original keeps in etcd without serving it as a resource. */
const unservedResources = ["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"];

/** Reads an EncryptionConfiguration (YAML or JSON). @throws EncryptionConfigError */
export async function parseEncryptionConfiguration(text: Buffer): Promise<readonly ResourceConfig[]> {
  const document = await parseDocument(text);
  const { apiVersion, kind } = document;
  if (kind !== "EncryptionConfiguration" || apiVersion !== "apiserver.config.k8s.io/v1") {
    throw new EncryptionConfigError(
      `it must be an EncryptionConfiguration of apiserver.config.k8s.io/v1, not ${kind} of ${apiVersion}`,
    );
  }
  const reader = new Reader();
  const configs = reader.resources(document.resources);
  if (reader.found.length > 0) throw new EncryptionConfigError(reader.found.map(fieldError.errorMessage).join("; "));
  checkMasks(configs);
  return configs;
}

async function parseDocument(text: Buffer): Promise<Fields> {
  if (text.length === 0) throw new EncryptionConfigError("it is empty");
  try {
    const { value } = await parseYaml(text);
    if (isFields(value)) return value;
  } catch (error) {
    throw new EncryptionConfigError(error instanceof Error ? error.message : String(error));
  }
  throw new EncryptionConfigError("it holds no object");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) and `*.*`. */
function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf(".");
  return dot < 0 ? { resource: text, group: "" } : { resource: text.slice(0, dot), group: text.slice(dot + 1) };
}

/** Reads the fields and collects what is wrong with them, in the original's words. */
class Reader {
  readonly found: FieldError[] = [];

  resources(value: unknown): ResourceConfig[] {
    const list = root("resources");
    return this.#items(value, list, "resources").map((item, i) => {
      const path = list.index(i);
      const { resources, providers } = this.#known(item, path, ["resources", "providers"]);
      return {
        resources: this.#resourceNames(resources, path.child("resources")),
        providers: this.#providers(providers, path.child("providers")),
      };
    });
  }

  #resourceNames(value: unknown, path: FieldPath): GroupResource[] {
    const names = this.#items(value, path, String(path)).map((name) => String(name));
    for (const [i, name] of names.entries()) {
      const why = refusalOf(name);
      if (why !== undefined) this.found.push(fieldError.invalid(path.index(i), name, why));
    }
    const parsed = names.map(parseGroupResource);
    if (new Set(names).size < names.length) {
      this.found.push(fieldError.invalid(path, names, "the same resource cannot be specified multiple times"));
    }
    if (parsed.some((a, i) => parsed.some((b, j) => i !== j && overlaps(a, b)))) {
      const why =
        "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
      this.found.push(fieldError.invalid(path, names, why));
    }
    return parsed;
  }

  #providers(value: unknown, path: FieldPath): ProviderConfig[] {
    return this.#items(value, path, String(path)).flatMap((item, i) => {
      const provider = this.#provider(item, path.index(i));
      return provider === undefined ? [] : [provider];
    });
  }

  #provider(item: unknown, path: FieldPath): ProviderConfig | undefined {
    const fields = this.#known(item, path, providerNames);
    const named = providerNames.filter((name) => fields[name] !== undefined && fields[name] !== null);
    const [name] = named;
    if (name === undefined) {
      const expected = "KMS, AESGCM, AESCBC, Secretbox, Identity";
      const why = `provider does not contain any of the expected providers: ${expected}`;
      this.found.push(fieldError.invalid(path, hidden, why));
    } else if (named.length > 1) {
      const why = "more than one provider specified in a single element, should split into different list elements";
      this.found.push(fieldError.invalid(path, named, why));
    } else if (name === "kms") {
      const why = "key management services are not supported: use secretbox, aesgcm or aescbc with local keys";
      this.found.push(fieldError.forbidden(path.child("kms"), why));
    } else if (name === "identity") {
      this.#known(fields.identity, path.child(name), []);
      return { name };
    } else {
      const { keys } = this.#known(fields[name], path.child(name), ["keys"]);
      return { name, keys: this.#keys(keys, path.child(name, "keys"), keyBytes[name]) };
    }
    return undefined;
  }

  #keys(value: unknown, path: FieldPath, lengths: readonly number[]): KeyConfig[] {
    return this.#items(value, path, "keys").map((item, i) => {
      const { name, secret } = this.#known(item, path.index(i), ["name", "secret"]);
      if (!name) this.found.push(fieldError.required(path.index(i).child("name"), mandatory("name")));
      return { name: String(name), secret: this.#secret(secret, path.index(i).child("secret"), lengths) };
    });
  }

  #secret(value: unknown, path: FieldPath, lengths: readonly number[]): Buffer {
    const text = String(value ?? "");
    const secret = Buffer.from(text, "base64");
    if (text === "") this.found.push(fieldError.required(path, mandatory("secret")));
    else if (secret.toString("base64") !== text) {
      this.found.push(fieldError.invalid(path, hidden, "secrets must be base64 encoded"));
    } else if (!lengths.includes(secret.length)) {
      const why = `secret is not of the expected length, got ${secret.length}, expected one of [${lengths.join(" ")}]`;
      this.found.push(fieldError.invalid(path, hidden, why));
    }
    return secret;
  }

  /** A list that must not be empty. */
  #items(value: unknown, path: FieldPath, what: string): readonly unknown[] {
    if (Array.isArray(value) && value.length > 0) return value;
    this.found.push(fieldError.required(path, `at least one ${what} is required`));
    return [];
  }

  /** The fields of an object; unknown ones are refused as the original's strict decoding does. */
  #known(value: unknown, path: FieldPath, names: readonly string[]): Fields {
    if (!isFields(value)) {
      this.found.push(fieldError.invalid(path, hidden, "must be an object"));
      return {};
    }
    for (const name of Object.keys(value)) {
      if (!names.includes(name)) this.found.push(fieldError.invalid(path.child(name), name, "unknown field"));
    }
    return value;
  }
}

function mandatory(field: string): string {
  return `${field} is a mandatory field for a key`;
}

/** Why a resource cannot be named like this. */
function refusalOf(name: string): string | undefined {
  if (name.toLowerCase() !== name) return "resource name should not contain capital letters";
  if (name === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (unservedResources.includes(name)) return "resources which do not have REST API/s cannot be encrypted";
  const { group, resource } = parseGroupResource(name);
  if (group === "events.k8s.io") {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  }
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
  return undefined;
}

function overlaps(a: GroupResource, b: GroupResource): boolean {
  if (a.group === b.group && a.resource === b.resource) return false; // told as a duplicate
  if (a.group === "*" && a.resource === "*") return true;
  return a.group === b.group && (a.resource === "*" || b.resource === "*");
}

/** An earlier rule with a wildcard would hide a later one. @throws EncryptionConfigError */
function checkMasks(configs: readonly ResourceConfig[]): void {
  const earlier = new Set<string>();
  for (const { resources } of configs) {
    for (const { group, resource } of resources) {
      for (const mask of [`*.${group}`, "*.*"]) {
        if (!earlier.has(mask)) continue;
        throw new EncryptionConfigError(
          `resource "${nameOf({ group, resource })}" is masked by earlier rule "${mask}"`,
        );
      }
    }
    for (const each of resources) earlier.add(`${each.resource}.${each.group}`);
  }
}

function nameOf({ group, resource }: GroupResource): string {
  return group === "" && resource !== "*" ? resource : `${resource}.${group}`;
}
