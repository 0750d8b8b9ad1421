import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "1"]);
});
afterAll(() => box.remove());

const configMap = (name: string, data: Record<string, string> = { x: "y" }, labels: Record<string, string> = {}) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data });

test("pruning deletes what is no longer given, and only what is on the allow list", async () => {
  const { k, fails } = await kubectlIn(box, "prune");
  const prune = "apply --prune -l group=a -f -";
  await k(prune, configMap("one", { x: "y" }, { group: "a" }));
  await k(`${prune} --prune-allowlist core/v1/Secret`, configMap("two", { x: "y" }, { group: "a" }));
  expect(await k("get cm -l group=a -o name")).toBe("configmap/one\nconfigmap/two\n");
  expect(await k(prune, configMap("two", { x: "y" }, { group: "a" }))).toBe(
    "configmap/two unchanged\nconfigmap/one pruned\n",
  );
  expect(await fails("apply --prune -f -", configMap("two"))).toContain("without explicitly passing --all");
});

test("an apply set remembers its members in its parent", async () => {
  const { run, k } = await kubectlIn(box, "sets");
  const apply = (input: string) =>
    run("apply --applyset=mine --prune -f -", { input, env: { KUBECTL_APPLYSET: "true" } });
  expect((await apply(configMap("one"))).stdout).toBe("configmap/one created\n");
  expect((await apply(configMap("two"))).stdout).toBe("configmap/two created\nconfigmap/one pruned\n");
  expect(await k(["get", "secret", "mine", "-o", "jsonpath={.metadata.annotations}"])).toContain(
    '"applyset.kubernetes.io/contains-group-kinds":"ConfigMap"',
  );
});

test("the last applied configuration is shown, set and edited", async () => {
  const { k, fails, run } = await kubectlIn(box, "last");
  const file = join(box.dir, "last.json");
  writeFileSync(file, configMap("c", { a: "b" }));
  await k(`create -f ${file}`);
  expect(await fails(`apply set-last-applied -f ${file}`)).toContain(
    "no last-applied-configuration annotation found on resource: c",
  );
  await k(`apply set-last-applied -f ${file} --create-annotation --dry-run=server`);
  expect(await fails(`apply view-last-applied -f ${file}`)).toContain("no last-applied-configuration");
  await k(`apply set-last-applied -f ${file} --create-annotation`);
  expect(JSON.parse(await k("apply view-last-applied cm/c -o json"))).toMatchObject({ data: { a: "b" } });
  const edited = await run("apply edit-last-applied cm/c", { env: { EDITOR: "sed -i s/b$/z/" } });
  expect(edited.stdout).toBe("configmap/c edited\n");
  expect(JSON.parse(await k("apply view-last-applied cm/c -o json"))).toMatchObject({ data: { a: "z" } });
});

test("what cannot be changed is made anew only with --force", async () => {
  const { k, fails } = await kubectlIn(box, "force");
  const service = (address: string) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a" },
      spec: { clusterIP: address, ports: [{ port: 80 }] },
    });
  await k("apply -f -", service("10.96.0.77"));
  expect(await fails("apply -f -", service("10.96.0.78"))).toContain("may not change once set");
  const file = join(box.dir, "service.json");
  writeFileSync(file, service("10.96.0.78"));
  expect(await k(`apply --force -f ${file}`)).toBe("service/a configured\n");
  expect(await k("get service a -o jsonpath={.spec.clusterIP}")).toBe("10.96.0.78");
});

test("one document that fails keeps no other from being applied, whether its kind is unknown or its name is wrong", async () => {
  const { run, k } = await kubectlIn(box, "several");
  const bogus = JSON.stringify({ apiVersion: "example.com/v1", kind: "Bogus", metadata: { name: "foo" } });
  const documents = [bogus, configMap("POD-B"), configMap("good")].join("\n---\n");
  const ran = await run("apply -f -", { input: documents });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('no matches for kind "Bogus" in version "example.com/v1"');
  expect(ran.stderr).toContain('ConfigMap "POD-B" is invalid: metadata.name: Invalid value: "POD-B"');
  expect(await k("get cm good -o name")).toBe("configmap/good\n");
});

test("client-side apply moves to the server's side and back", async () => {
  const { k, fails } = await kubectlIn(box, "sides");
  await k("apply -f -", configMap("c", { a: "1", b: "2" }));
  expect(await fails("apply --server-side --field-manager=other -f -", configMap("c", { a: "9" }))).toContain(
    'conflict with "kubectl-client-side-apply" using v1: .data.a',
  );
  await k("apply --server-side -f -", configMap("c", { a: "3" }));
  expect(await k("get cm c -o jsonpath={.data}")).toBe('{"a":"3"}');
  await k("apply -f -", configMap("c", { a: "4" }));
  expect(await k("get cm c -o jsonpath={.data}")).toBe('{"a":"4"}');
});

test("a kustomization is applied, shown, compared and deleted as a whole", async () => {
  const { k } = await kubectlIn(box, "kustomized");
  const dir = join(box.dir, "kustomize");
  mkdirSync(dir);
  writeFileSync(
    join(dir, "kustomization.yaml"),
    "configMapGenerator: [{name: made, literals: [a=b]}]\nresources: [cm.json]\nnamePrefix: x-\n",
  );
  writeFileSync(join(dir, "cm.json"), configMap("plain", { c: "d" }));
  expect((await k(`apply -k ${dir}`)).split("\n").filter(Boolean)).toHaveLength(2);
  expect(await k(`get -k ${dir} -o name`)).toMatch(/configmap\/x-made-\w+\nconfigmap\/x-plain\n/);
  expect(await k(`diff -k ${dir}`)).toBe("");
  expect(await k(`delete -k ${dir}`)).toContain('configmap "x-plain" deleted');
});

test("a list of custom objects is checked by kubectl itself, which lets pass what their schema leaves open", async () => {
  const { k } = await kubectlIn(box, "lists");
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "foos.lists.example.com" },
    spec: {
      group: "lists.example.com",
      scope: "Namespaced",
      names: { plural: "foos", kind: "Foo" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  await k("apply -f -", JSON.stringify(definition));
  await k("wait --for=condition=Established crd/foos.lists.example.com --timeout=10s");
  const foo = { apiVersion: "lists.example.com/v1", kind: "Foo", metadata: { name: "f" }, some: { field: 1 } };
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [foo] });
  expect(await k("apply -f -", list)).toBe("foo.lists.example.com/f created\n");
  expect(await k("apply -f -", list)).toBe("foo.lists.example.com/f unchanged\n");
  await k("delete crd foos.lists.example.com");
});

test("a headless service gets an address only when it is made anew", async () => {
  const { k, fails } = await kubectlIn(box, "headless");
  const service = (clusterIP: string) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a" },
      spec: { clusterIP, selector: { app: "a" }, ports: [{ port: 80 }] },
    });
  await k("apply -f -", service("None"));
  const free = "10.96.200.77";
  expect(await fails("apply -f -", service(free))).toContain("may not change once set");
  await k("apply --force -f -", service(free));
  expect(await k("get service a -o jsonpath={.spec.clusterIP}")).toBe(free);
});
