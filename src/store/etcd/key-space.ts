/** How the API server's keys are laid out in etcd: under `--etcd-prefix` instead of under `/registry`. */
export class KeySpace {
  /** The first key of etcd that is ours, and the first after them. */
  readonly start: Buffer;
  readonly end: Buffer;
  readonly #root: string;
  readonly #prefix: string;

  /**
   * @param prefix of the keys in etcd, without a trailing slash
   * @param root the prefix that the API server knows them by
   */
  constructor(prefix: string, root: string) {
    this.#prefix = prefix;
    this.#root = root;
    this.start = Buffer.from(`${prefix}/`);
    this.end = endOfPrefix(this.start);
  }

  toEtcd(key: string): Buffer {
    if (!key.startsWith(this.#root)) throw new Error(`key ${key} is not under ${this.#root}`);
    return Buffer.from(this.#prefix + key.slice(this.#root.length));
  }

  /** Undefined for a key that is not ours. */
  fromEtcd(key: Buffer): string | undefined {
    const text = key.toString();
    return text.startsWith(`${this.#prefix}/`) ? this.#root + text.slice(this.#prefix.length) : undefined;
  }

  /** The range of all keys that start with the API server's prefix, or of all keys when that is shorter than the root. */
  rangeOf(prefix: string): { key: Buffer; rangeEnd: Buffer } {
    if (!prefix.startsWith(`${this.#root}/`)) return { key: this.start, rangeEnd: this.end };
    const key = this.toEtcd(prefix);
    return { key, rangeEnd: endOfPrefix(key) };
  }
}

/** The least key above all that start with the prefix; a zero byte (etcd's "no end") when there is none. */
export function endOfPrefix(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0;
    if (byte === 0xff) continue;
    end[i] = byte + 1;
    return end.subarray(0, i + 1);
  }
  return Buffer.from([0]);
}
