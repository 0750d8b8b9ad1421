// What kubectl makes of the schemas that custom resources are published with.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publishedDescriptions } from "../../../src/apiserver/discovery/index.ts";
import { renderKubeconfig } from "../../../src/index.ts";
import { clientBinary } from "../../support/binaries.ts";
import { execute } from "../../support/sampan.ts";
import type { Json } from "../support/api.ts";
import { type Defined, define, objectOf, openSchema, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const folder = mkdtempSync(join(tmpdir(), "conformance-explain-"));
const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
beforeAll(() => writeFileSync(env.KUBECONFIG, renderKubeconfig(suite.cluster.kubeconfig)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(namespace: string, args: readonly string[], input?: Json) {
  const text = input === undefined ? undefined : JSON.stringify(input);
  return execute(clientBinary("kubectl"), ["--namespace", namespace, ...args], { env, input: text });
}

async function accepted(namespace: string, args: readonly string[], input?: Json): Promise<string> {
  const { code, stdout, stderr } = await run(namespace, args, input);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

/** What kubectl says against it, by `create` and by `apply`. */
async function refused(namespace: string, input: Json, verbs = ["create", "apply"]): Promise<string[]> {
  const said: string[] = [];
  for (const verb of verbs) {
    const { code, stderr } = await run(namespace, [verb, "-f", "-"], input);
    expect([verb, code]).toEqual([verb, 1]);
    said.push(stderr);
  }
  return said;
}

async function createsAndApplies(namespace: string, one: Defined, object: Json): Promise<void> {
  for (const verb of ["create", "apply"]) {
    await accepted(namespace, [verb, "-f", "-"], object);
    await accepted(namespace, ["delete", one.name, object.metadata.name]);
  }
}

const explain = (one: Defined, path = "") => accepted("default", ["explain", `${one.name.split(".")[0]}${path}`]);

const text = (description: string) => ({ description, type: "string" });
const bar = {
  type: "object",
  required: ["name"],
  properties: {
    name: text("Name of Bar."),
    age: text("Age of Bar."),
    feeling: { ...text("Whether Bar is feeling great."), enum: ["Great", "Down"] },
    bazs: { description: "List of Bazs.", type: "array", items: { type: "string" } },
  },
};
const bars = { description: "List of Bars and their specs.", type: "array", items: bar };
const foo = {
  description: "Foo CRD for Testing",
  type: "object",
  properties: {
    spec: { type: "object", description: "Specification of Foo", properties: { bars } },
    status: { type: "object", description: "Status of Foo", properties: { bars } },
  },
};

test("Custom Resource OpenAPI Publish, with validation schema, by kubectl", async () => {
  const namespace = await suite.namespace();
  const one = await define(suite.api, { kind: "E2e-test-foo-crd", versions: [versionOf("v1", foo)] });
  const object = (spec: Json) => objectOf(one, "test-foo", { spec }, "v1", "E2e-test-foo-crd");
  await createsAndApplies(namespace, one, object({ bars: [{ name: "test-bar" }] }));
  const [unsupported] = await refused(namespace, object({ bars: [{ name: "b", feeling: "NonExistentValue" }] }), [
    "create",
  ]);
  expect(unsupported).toContain('Unsupported value: "NonExistentValue"');
  for (const said of await refused(namespace, object({ foo: true })))
    expect(said).toContain('unknown field "spec.foo"');
  for (const said of await refused(namespace, object({ bars: [{ age: "10" }] }))) {
    expect(said).toContain("spec.bars[0].name: Required value");
  }

  // The texts of fields that all objects have come with the build.
  const isBuilt = publishedDescriptions() !== undefined;
  const ofFoo =
    /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*spec.*<Object>.*Specification of Foo/s;
  expect(await explain(one)).toMatch(ofFoo);
  if (isBuilt) expect(await explain(one)).toMatch(/apiVersion.*<string>.*APIVersion defines.*spec/s);
  const metadata = await explain(one, ".metadata");
  expect(metadata).toMatch(/DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>/s);
  if (isBuilt) expect(metadata).toMatch(/creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s);
  expect(await explain(one, ".spec")).toMatch(
    /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s,
  );
  expect(await explain(one, ".spec.bars")).toMatch(
    /(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
  );
  const { code, stderr } = await run("default", ["explain", `${one.name.split(".")[0]}.spec.bars2`]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('field "bars2" does not exist')]);
});

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in object, by kubectl", async () => {
  const namespace = await suite.namespace();
  const one = await define(suite.api, { kind: "Empty" });
  await createsAndApplies(namespace, one, objectOf(one, "test-cr", { a: { b: [{ c: "d" }] } }, "v1", "Empty"));
  expect(await explain(one)).toMatch(/DESCRIPTION:.*<empty>/s);
});

const dummy = { dummy: { ...text("Dummy property."), type: "object" } };

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields at root, by kubectl", async () => {
  const namespace = await suite.namespace();
  const spec = { description: "Specification of Waldo", type: "object", properties: dummy };
  const schema = {
    description: "preserve-unknown-properties at root for Testing",
    ...openSchema,
    properties: { spec },
  };
  const one = await define(suite.api, { kind: "AtRoot", versions: [versionOf("v1", schema)] });
  await createsAndApplies(namespace, one, objectOf(one, "test-cr", { a: { b: [{ c: "d" }] } }, "v1", "AtRoot"));
  expect(await explain(one)).toMatch(/KIND:.*AtRoot/s);
});

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in embedded object, by kubectl", async () => {
  const namespace = await suite.namespace();
  const spec = { description: "Specification of Waldo", ...openSchema, properties: dummy };
  const description = "preserve-unknown-properties in nested field for Testing";
  const schema = { description, type: "object", properties: { spec } };
  const one = await define(suite.api, { kind: "InNested", versions: [versionOf("v1", schema)] });
  const object = objectOf(one, "test-cr", { spec: { a: null, b: [{ c: "d" }] } }, "v1", "InNested");
  await createsAndApplies(namespace, one, object);
  expect(await explain(one)).toMatch(/DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s);
});
