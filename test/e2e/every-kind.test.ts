import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { Sandbox } from "../support/sampan.ts";

const folder = fileURLToPath(new URL("./manifests", import.meta.url));
/** What the original serves; part of the reference data that is not in the repository. */
const discoveryFile = fileURLToPath(new URL("../../../shared/spec/discovery.json", import.meta.url));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  /** Of an event. */
  readonly reason?: string;
}

const groups = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => ({ group: file.replace(/\.yaml$/, ""), file: join(folder, file) }));

function manifestsOf(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Manifest);
}

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "1"]);
});
afterAll(() => box.remove());

async function k(...args: string[]): Promise<string> {
  const ran = await box.kubectl(args);
  if (ran.code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout;
}

describe.concurrent("kubectl with an example of every kind", () => {
  test.each(groups)(
    "$group: creates, reads, describes, applies, patches, labels and deletes",
    async ({ group, file }) => {
      const manifests = manifestsOf(file);
      const namespace = `every-kind-${group}`;
      const names = manifests.map(({ metadata, reason }) => reason ?? metadata.name); // events are shown without name
      /** Every object is spoken of. */
      const all = (text: string) => expect(names.filter((name) => !text.includes(name))).toEqual([]);
      await k("create", "namespace", namespace);
      const on = ["-n", namespace, "-f", file];

      const created = await k("create", ...on);
      expect(created.match(/ created$/gm)).toHaveLength(manifests.length);
      all(await k("get", ...on));
      all(await k("get", ...on, "-o", "wide"));
      const read = parseAllDocuments(await k("get", ...on, "-o", "yaml"))[0]?.toJS() as { items: Manifest[] };
      expect(read.items.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual(
        manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
      );
      all(await k("describe", ...on));
      const applied = await k("apply", "--server-side", "--force-conflicts", ...on);
      expect(applied.match(/ serverside-applied$/gm)).toHaveLength(manifests.length);
      const patch = '{"metadata":{"annotations":{"example.org/touched":"yes"}}}';
      const patched = await k("patch", ...on, "--type=merge", "-p", patch);
      expect(patched.match(/ patched$/gm)).toHaveLength(manifests.length);
      const labelled = await k("label", ...on, "reviewed=yes");
      expect(labelled.match(/ labeled$/gm)).toHaveLength(manifests.length);
      const kept = parseAllDocuments(await k("get", ...on, "-o", "yaml"))[0]?.toJS() as {
        items: { metadata: { labels: object; annotations: object } }[];
      };
      for (const { metadata } of kept.items) {
        expect(metadata.labels).toMatchObject({ app: "shop", reviewed: "yes" });
        expect(metadata.annotations).toMatchObject({ "example.org/touched": "yes" });
      }
      const deleted = await k("delete", ...on, "--timeout=30s");
      expect(deleted.match(/ deleted( from .* namespace)?$/gm)).toHaveLength(manifests.length);
      expect(await k("get", ...on, "--ignore-not-found")).toBe("");
    },
  );
});

test.skipIf(!existsSync(discoveryFile))("there is an example of every kind that can be created and listed", () => {
  const { resources } = JSON.parse(readFileSync(discoveryFile, "utf8")) as {
    resources: Record<string, { name: string; kind: string; verbs: string[] }[]>;
  };
  const stable = Object.entries(resources).filter(([groupVersion]) => /(^|\/)v[0-9]+$/.test(groupVersion));
  const served = stable.flatMap(([groupVersion, list]) =>
    list
      .filter(({ name, verbs }) => !name.includes("/") && verbs.includes("create") && verbs.includes("list"))
      .map(({ kind }) => `${groupVersion} ${kind}`),
  );
  const shown = groups.flatMap(({ file }) => manifestsOf(file)).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
  expect(shown.sort()).toEqual(served.sort());
});
