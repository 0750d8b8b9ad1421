import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kubectl, kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
let kubectl: Kubectl;
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "1"]);
  kubectl = await kubectlIn(box, "patched");
  await kubectl.k("create deployment web --image=nginx --replicas=2");
  await kubectl.k("rollout status deployment/web --timeout=30s");
});
afterAll(() => box.remove());

const patches: readonly [what: string, args: string, patch: string, message: string][] = [
  ["a map", "", '{"metadata":{"labels":"invalid"}}', "cannot restore map from string"],
  ["a list", "", '{"spec":{"template":{"spec":{"containers":"x"}}}}', "cannot restore slice from string"],
  ["a struct", "", '{"spec":{"strategy":1}}', "cannot restore struct from: int64"],
  ["a number", "", '{"spec":{"replicas":"3"}}', "unrecognized type: int32"],
  ["a string", "", '{"metadata":{"labels":{"a":1}}}', "cannot convert int64 to string"],
  [
    "JSON merged",
    "--type=merge",
    '{"spec":{"replicas":"3"}}',
    "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  ["a patch that is no object", "--type=merge", "[]", "error decoding patch"],
  [
    "a test that fails",
    "--type=json",
    '[{"op":"test","path":"/metadata/name","value":"x"}]',
    "the server rejected our request due to an error in our request",
  ],
  [
    "an old resource version",
    "",
    '{"metadata":{"resourceVersion":"1"}}',
    "please apply your changes to the latest version",
  ],
];

test.each(patches)("a patch is refused in the original's words: %s", async (_, args, patch, message) => {
  expect(
    await kubectl.fails(["patch", "deployment", "web", ...args.split(" ").filter(Boolean), "-p", patch]),
  ).toContain(message);
});

test("a strategic merge patch is shown as the map that it is", async () => {
  expect(await kubectl.fails(["patch", "deployment", "web", "-p", '{"metadata":{"labels":"x"}}'])).toBe(
    'The request is invalid: patch: Invalid value: "map[metadata:map[labels:x]]": cannot restore map from string\n',
  );
});

test("the scale subresource is shown by columns of its own and patched", async () => {
  const { k } = kubectl;
  const shown = await k("get deployment web --subresource=scale");
  expect(shown.split("\n")[0]).toMatch(/^NAME +DESIRED +AVAILABLE +AGE$/);
  expect(shown.split("\n")[1]).toMatch(/^web +2 +2 /);
  await k(["patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":1}}']);
  expect(await k("get deployment web -o jsonpath={.spec.replicas}")).toBe("1");
  expect(await kubectl.fails("get configmap kube-root-ca.crt --subresource=scale")).toContain(
    "the server could not find the requested resource",
  );
});

test("an edit that does not fit is kept for another try", async () => {
  const ran = await kubectl.run("edit deployment web", { env: { EDITOR: "sed -i s/replicas:.1/replicas:.-1/" } });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("A copy of your changes has been stored to");
});

test("labels and annotations keep what is there unless told otherwise", async () => {
  const { k, fails } = kubectl;
  expect(await fails("label deployment web app=other")).toContain(
    "already has a value (web), and --overwrite is false",
  );
  await k("label deployment web app=other --overwrite");
  expect(await k("label deployment web --list")).toBe("app=other\n");
  expect(await fails("label deployment web a=b --resource-version=1")).toContain("Conflict");
  await k("annotate deployment web note=x");
  await k("annotate deployment web note-");
  expect(await k("annotate deployment web --list")).not.toContain("note");
});

test("replacing another object's name or identity is a conflict", async () => {
  const { k, fails } = kubectl;
  await k("create configmap c --from-literal=a=b");
  const old = await k("get configmap c -o json");
  await k("delete configmap c");
  await k("create configmap c --from-literal=a=b");
  expect(await fails("replace -f -", old)).toMatch(/Conflict.*UID in precondition/s);
  expect(await k("replace --force -f -", old)).toContain("configmap/c replaced");
});
