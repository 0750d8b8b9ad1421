import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../../host/index.ts";
import { openLmdbStore, StoreError } from "../index.ts";
import { dataOf, put, write } from "../store-probe.ts";
import { Encryption, EncryptionConfigError, openEncryptionFile, parseEncryptionConfiguration } from "./index.ts";

const root = await mkdtemp(join(tmpdir(), "sampan-encryption-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const secretOf = (bytes: number, fill: number) => Buffer.alloc(bytes, fill).toString("base64");
const keys = (...names: string[]) => ({ keys: names.map((name) => ({ name, secret: secretOf(32, name.length) })) });
const identity = { identity: {} };

function documentOf(...resources: { resources: string[]; providers: object[] }[]): Buffer {
  const document = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources };
  return Buffer.from(JSON.stringify(document));
}

async function encryptionOf(...resources: { resources: string[]; providers: object[] }[]): Promise<Encryption> {
  return Encryption.create(testHost().random, await parseEncryptionConfiguration(documentOf(...resources)));
}

const key = "/registry/secrets/default/token";
const value = Buffer.from('{"kind":"Secret","data":{"password":"swordfish"}}');

describe("a provider", () => {
  for (const provider of ["aescbc", "aesgcm", "secretbox"]) {
    it(`${provider} stores nothing readable under the original's prefix, and reads it again`, async () => {
      const encryption = await encryptionOf({ resources: ["secrets"], providers: [{ [provider]: keys("key1") }] });
      const { bytes, form } = encryption.toStorage(key, value);
      expect(bytes.toString("latin1")).toMatch(new RegExp(`^k8s:enc:${provider}:v1:key1:`));
      expect(bytes.includes("swordfish")).toBe(false);
      expect(form.isCurrent(key)).toBe(true);
      expect(encryption.fromStorage(key, bytes)).toEqual({ value, form });
      expect(encryption.toStorage(key, value).bytes).not.toEqual(bytes);
    });
  }

  it("reads what other implementations wrote: a block chain of OpenSSL's, and NaCl's own example", async () => {
    const nacl = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
    const encryption = await encryptionOf({
      resources: ["secrets"],
      providers: [
        { aescbc: { keys: [{ name: "k", secret: secretOf(32, 0x2a) }] } },
        { secretbox: { keys: [{ name: "n", secret: Buffer.from(nacl, "hex").toString("base64") }] } },
      ],
    });
    const stored = (prefix: string, hex: string) => Buffer.concat([Buffer.from(prefix), Buffer.from(hex, "hex")]);
    const chain = "000102030405060708090a0b0c0d0e0f97da4d0896b734c428b9f22f79e9842d1ba83d3a4051832469858d414651256d";
    expect(encryption.fromStorage(key, stored("k8s:enc:aescbc:v1:k:", chain)).value.toString()).toBe(
      '{"kind":"Secret"}',
    );
    const box =
      "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76" +
      "ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc" +
      "8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a" +
      "74e355a5";
    const opened = encryption.fromStorage(key, stored("k8s:enc:secretbox:v1:n:", box)).value.toString("hex");
    expect(opened).toMatch(/^be075fc53c81f2d5cf141316ebeb0c7b/);
    expect(() => encryption.fromStorage(key, stored("k8s:enc:secretbox:v1:n:", box.replace("a5", "a6")))).toThrow(
      /cannot be decrypted: provider secretbox with the key "n"/,
    );
  });

  it("aesgcm binds a value to its key, so that it cannot be moved to another object", async () => {
    const encryption = await encryptionOf({ resources: ["secrets"], providers: [{ aesgcm: keys("key1") }] });
    const { bytes } = encryption.toStorage(key, value);
    expect(() => encryption.fromStorage("/registry/secrets/default/other", bytes)).toThrow(StoreError);
  });
});

describe("rules", () => {
  const plain = (encryption: Encryption) =>
    [
      "/registry/secrets/a/b",
      "/registry/configmaps/a/b",
      "/registry/deployments/a/b",
      "/registry/services/specs/a/b",
      "/registry/example.com/widgets/a/b",
      "/registry/events/a/b",
    ].filter((each) => encryption.isPlain(each));

  it("take the resource's own, then its group's, then that of all", async () => {
    expect(plain(await encryptionOf({ resources: ["secrets"], providers: [{ aescbc: keys("k") }] }))).toHaveLength(5);
    expect(plain(await encryptionOf({ resources: ["*.apps"], providers: [{ aescbc: keys("k") }] }))).toHaveLength(5);
    expect(plain(await encryptionOf({ resources: ["*."], providers: [{ aescbc: keys("k") }] }))).toEqual([
      "/registry/deployments/a/b",
      "/registry/example.com/widgets/a/b",
    ]);
    const all = await encryptionOf(
      { resources: ["events", "widgets.example.com"], providers: [identity] },
      { resources: ["*.*"], providers: [{ aescbc: keys("k") }, identity] },
    );
    expect(plain(all)).toEqual(["/registry/example.com/widgets/a/b", "/registry/events/a/b"]);
  });

  it("say what is needed for what they cannot read", async () => {
    const one = await encryptionOf({ resources: ["secrets"], providers: [{ aescbc: keys("old") }] });
    const { bytes } = one.toStorage(key, value);
    const other = await encryptionOf({ resources: ["secrets"], providers: [{ aescbc: keys("new") }] });
    expect(() => other.fromStorage(key, bytes)).toThrow(
      `${key} is encrypted by provider aescbc with the key "old", which the encryption configuration does not name`,
    );
    expect(() => other.fromStorage(key, value)).toThrow(`${key} is not encrypted, and its providers do not read`);
    const none = await Encryption.create(testHost().random);
    expect(() => none.fromStorage(key, bytes)).toThrow("--encryption-provider-config");
  });
});

describe("a configuration", () => {
  const refusals: [string, Buffer, RegExp][] = [
    ["that is empty", Buffer.alloc(0), /it is empty/],
    ["of another kind", Buffer.from("kind: Pod\napiVersion: v1\n"), /must be an EncryptionConfiguration/],
    ["without resources", documentOf(), /^resources: Required value: at least one resources is required$/],
    [
      "with a key management service",
      documentOf({ resources: ["secrets"], providers: [{ kms: { name: "a", endpoint: "unix:///x" } }] }),
      /^resources\[0\]\.providers\[0\]\.kms: Forbidden: key management services are not supported/,
    ],
    [
      "with a key of the wrong length",
      documentOf({
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [{ name: "a", secret: secretOf(16, 1) }] } }],
      }),
      /^resources\[0\]\.providers\[0\]\.secretbox\.keys\[0\]\.secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of \[32\]$/,
    ],
    [
      "with two providers in one",
      documentOf({ resources: ["secrets"], providers: [{ identity: {}, aescbc: keys("k") }] }),
      /more than one provider specified in a single element, should split into different list elements/,
    ],
    [
      "with overlapping resources",
      documentOf({ resources: ["secrets", "*."], providers: [identity] }),
      /using overlapping resources such as 'secrets' and '\*\.'/,
    ],
    [
      "with a rule hidden by an earlier one",
      documentOf({ resources: ["*.*"], providers: [identity] }, { resources: ["secrets"], providers: [identity] }),
      /^resource "secrets" is masked by earlier rule "\*\.\*"$/,
    ],
  ];
  for (const [what, text, why] of refusals) {
    it(`${what} is refused`, async () => {
      const parsing = parseEncryptionConfiguration(text);
      await expect(parsing).rejects.toThrow(EncryptionConfigError);
      await expect(parsing).rejects.toThrow(why);
    });
  }
});

it("tells no key that stands in a wrong place", async () => {
  const secret = secretOf(32, 7);
  const misplaced = [
    { aescbcc: { keys: [{ name: "a", secret }] } },
    { aescbc: { keys: [secret] } },
    { aescbc: secret },
    { secretbox: { keys: [{ name: "a", secret: [secret] }] }, aesgcm: { keys: [{ name: "a", secret }] } },
  ];
  for (const provider of misplaced) {
    const text = documentOf({ resources: ["secrets"], providers: [provider] });
    const failure: Error = await parseEncryptionConfiguration(text).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(failure).toBeInstanceOf(EncryptionConfigError);
    expect(failure.message).not.toContain(secret);
  }
});

describe("an encrypted store", () => {
  let host: TestHost;
  let dir: string;
  let folders = 0;
  beforeEach(() => {
    host = testHost();
    dir = join(root, `${folders++}`);
  });

  it("holds no plain secret on disk, and has it in memory", async () => {
    const encryption = await encryptionOf({ resources: ["secrets"], providers: [{ secretbox: keys("k") }, identity] });
    let store = await openLmdbStore(host, dir, { encryption });
    await write(store, put(key, "swordfish"), put("/registry/configmaps/default/a", "haddock"));
    await store.close();
    const raw = await readFile(join(dir, "data.mdb"));
    expect(raw.includes("swordfish")).toBe(false);
    expect(raw.includes("k8s:enc:secretbox:v1:k:")).toBe(true);
    expect(raw.includes("haddock")).toBe(true);

    store = await openLmdbStore(host, dir, { encryption });
    expect(dataOf(await store.get(key))).toBe("swordfish");
    expect((await store.get(key))?.isStale).toBe(false);
    await store.close();
    await expect(openLmdbStore(host, dir)).rejects.toThrow(/is encrypted by provider secretbox with the key "k"/);
  });

  it("rotates keys: what the first provider did not write is stale until it is written again", async () => {
    const file = join(root, `${folders}.yaml`);
    const rules = (...providers: object[]) => documentOf({ resources: ["secrets"], providers });
    await writeFile(file, rules(identity));
    const { encryption, close } = await openEncryptionFile(host, file, { automaticReload: true });
    const store = await openLmdbStore(host, dir, { encryption });
    await write(store, put(key, "swordfish"));
    const first = await store.get(key);
    expect(first?.isStale).toBe(false);

    await writeFile(file, rules({ aesgcm: keys("k") }, identity));
    await host.clock.advance(60_000);
    await expect.poll(() => first?.isStale).toBe(true);
    await write(store, put(key, "swordfish"));
    expect((await store.get(key))?.isStale).toBe(false);

    await writeFile(file, "kind: nonsense");
    await host.clock.advance(60_000);
    expect((await store.get(key))?.isStale).toBe(false);
    close();
    await store.close();
    const again = await openLmdbStore(host, dir, { encryption });
    expect(dataOf(await again.get(key))).toBe("swordfish");
    await again.close();
  });
});
