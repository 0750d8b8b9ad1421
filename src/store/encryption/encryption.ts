import type { Random } from "../../host/index.ts";
import { StoreError } from "../store.ts";
import type { ResourceConfig } from "./configuration.ts";
import { type Cipher, createCipher } from "./providers.ts";
import { type GroupResource, resourceOfKey } from "./resource-of-key.ts";
import { isEncrypted, type Read, type Stored, type StoredForm, type ValueTransformer } from "./transformer.ts";

/** One key of one provider; without a cipher it is the identity. */
interface Way {
  readonly form: StoredForm;
  readonly prefix: Buffer;
  readonly cipher: Cipher | undefined;
}

type Rules = ReadonlyMap<string, readonly Way[]>;

/** For how many collections (a resource in a namespace) it is remembered how they are stored. */
const collectionsMax = 10_000;

/**
 * Encryption at rest as a configuration says: of the providers of a resource the first one's first key writes, and all
 * read. What no rule names is stored as it is.
 */
export class Encryption implements ValueTransformer {
  #rules: Rules;
  readonly #random: Random;
  readonly #forms: Map<string, StoredForm>;
  readonly #plain: readonly Way[];
  readonly plainForm: StoredForm;
  /** The ways of each collection that was asked for. */
  readonly #collections = new Map<string, readonly Way[]>();

  private constructor(random: Random) {
    this.#random = random;
    this.#rules = new Map();
    this.#forms = new Map();
    this.plainForm = this.#form("");
    this.#plain = [this.#way("", undefined)];
  }

  /** Without a configuration nothing is encrypted, and what is encrypted cannot be read. */
  static async create(random: Random, configs: readonly ResourceConfig[] = []): Promise<Encryption> {
    const encryption = new Encryption(random);
    await encryption.configure(configs);
    return encryption;
  }

  /** From here on the new configuration holds. */
  async configure(configs: readonly ResourceConfig[]): Promise<void> {
    const rules = new Map<string, readonly Way[]>();
    for (const config of configs) {
      const ways = await this.#waysOf(config);
      for (const resource of config.resources) {
        const name = ruleName(resource);
        rules.set(name, [...(rules.get(name) ?? []), ...ways]);
      }
    }
    this.#rules = rules;
    this.#collections.clear();
  }

  isPlain(key: string): boolean {
    return this.#waysFor(key)[0]?.cipher === undefined;
  }

  toStorage(key: string, value: Buffer, boundTo = key): Stored {
    const [way] = this.#waysFor(key);
    if (way?.cipher === undefined) return { bytes: value, form: this.plainForm };
    return { bytes: Buffer.concat([way.prefix, way.cipher.encrypt(value, boundTo)]), form: way.form };
  }

  fromStorage(key: string, bytes: Buffer, boundTo = key): Read {
    const encrypted = isEncrypted(bytes);
    let why: unknown;
    for (const { cipher, prefix, form } of this.#waysFor(key)) {
      if (cipher === undefined) {
        if (encrypted) continue;
        return { value: bytes, form };
      }
      if (!startsWith(bytes, prefix)) continue;
      try {
        return { value: cipher.decrypt(bytes.subarray(prefix.length), boundTo), form };
      } catch (error) {
        why = error; // a later key may have the same name
      }
    }
    throw unreadable(key, bytes, encrypted, why);
  }

  async #waysOf({ providers }: ResourceConfig): Promise<Way[]> {
    const ways: Way[] = [];
    for (const provider of providers) {
      if (provider.name === "identity") ways.push(this.#way("", undefined));
      else {
        for (const { name, secret } of provider.keys) {
          const cipher = await createCipher(provider.name, secret, this.#random);
          ways.push(this.#way(`k8s:enc:${provider.name}:v1:${name}:`, cipher));
        }
      }
    }
    return ways;
  }

  #way(prefix: string, cipher: Cipher | undefined): Way {
    return { form: this.#form(prefix), prefix: Buffer.from(prefix), cipher };
  }

  #form(prefix: string): StoredForm {
    let form = this.#forms.get(prefix);
    if (form === undefined) {
      const made: StoredForm = { prefix, isCurrent: (key) => this.#waysFor(key)[0]?.form === made };
      form = made;
      this.#forms.set(prefix, form);
    }
    return form;
  }

  #waysFor(key: string): readonly Way[] {
    if (this.#rules.size === 0) return this.#plain;
    const collection = collectionOf(key);
    let ways = this.#collections.get(collection);
    if (ways === undefined) {
      ways = this.#ruleFor(resourceOfKey(key)) ?? this.#plain;
      if (this.#collections.size >= collectionsMax) this.#collections.clear();
      this.#collections.set(collection, ways);
    }
    return ways;
  }

  #ruleFor(found: GroupResource | undefined): readonly Way[] | undefined {
    if (found === undefined) return undefined;
    const { group } = found;
    return (
      this.#rules.get(ruleName(found)) ??
      this.#rules.get(ruleName({ group, resource: "*" })) ??
      this.#rules.get(ruleName({ group: "*", resource: "*" }))
    );
  }
}

function ruleName({ group, resource }: GroupResource): string {
  return `${resource}.${group}`;
}

/** `/registry/a/b/`: as much of a key as decides about its resource. */
function collectionOf(key: string): string {
  let end = 0;
  for (let slashes = 0; slashes < 4; slashes++) {
    const slash = key.indexOf("/", end);
    if (slash < 0) return `${key.slice(0, end)}?`; // a name stands where others have their namespace
    end = slash + 1;
  }
  return key.slice(0, end);
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

/** Says which provider and key are needed, never what the value is. */
function unreadable(key: string, bytes: Buffer, encrypted: boolean, why: unknown): StoreError {
  if (!encrypted) {
    return new StoreError(
      `${key} is not encrypted, and its providers do not read what is not: add "identity: {}" to them in the encryption configuration`,
    );
  }
  const [, , provider, , name] = bytes.toString("latin1", 0, 300).split(":");
  const needed = `provider ${provider} with the key ${JSON.stringify(name)}`;
  if (why === undefined) {
    return new StoreError(
      `${key} is encrypted by ${needed}, which the encryption configuration does not name for it (--encryption-provider-config)`,
    );
  }
  const reason = why instanceof Error ? why.message : String(why);
  return new StoreError(`${key} cannot be decrypted: ${needed} does not fit (${reason})`, { cause: why });
}
