import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ran, Sandbox } from "../support/sampan.ts";

const chart = fileURLToPath(new URL("./operator-chart", import.meta.url));
const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "1"]);
});
afterAll(() => box.remove());

async function kubectl(args: string, input?: string): Promise<string> {
  const ran = await box.kubectl(args, input === undefined ? {} : { input });
  if (ran.code !== 0) throw new Error(`kubectl ${args} ended with ${ran.code}: ${ran.stderr}`);
  return ran.stdout;
}

async function refused(args: string, input?: string): Promise<Ran> {
  const ran = await box.kubectl(args, input === undefined ? {} : { input });
  expect(ran.code, ran.stdout).not.toBe(0);
  return ran;
}

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.labelSelector}
      additionalPrinterColumns:
        - {name: Spec, type: string, description: The cron spec, jsonPath: .spec.cronSpec}
        - {name: Replicas, type: integer, jsonPath: .spec.replicas}
        - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
        - {name: Image, type: string, jsonPath: .spec.image, priority: 1}
      schema:
        openAPIV3Schema:
          description: CronTab runs an image now and then.
          type: object
          properties:
            spec:
              type: object
              required: [cronSpec]
              properties:
                cronSpec: {description: When to run., type: string}
                image: {type: string, default: "nginx:1.27"}
                replicas: {type: integer, minimum: 1, maximum: 10}
                ports:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [port]
                  items:
                    type: object
                    required: [port]
                    properties:
                      port: {type: integer}
                      name: {type: string}
            status:
              type: object
              properties:
                replicas: {type: integer}
                labelSelector: {type: string}
`;

const cronTab = (name: string, spec: string) => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: ${name}}
spec: ${spec}
`;

test("kubectl defines a resource, explains it, and works with its objects until the definition goes", async () => {
  await kubectl("apply -f -", definition);
  expect(await kubectl("wait --for=condition=Established crd/crontabs.stable.example.com --timeout=10s")).toContain(
    "condition met",
  );
  expect(await kubectl("api-resources --api-group=stable.example.com")).toMatch(
    /crontabs\s+ct\s+stable\.example\.com\/v1\s+true\s+CronTab/,
  );
  const explained = await kubectl("explain crontabs");
  expect(explained).toContain("CronTab runs an image now and then.");
  expect(await kubectl("explain ct.spec")).toMatch(/cronSpec\s+<string> -required-[\s\S]*When to run\./);

  const wrong = await refused("create -f -", cronTab("bad", "{cronSpec: '* * * * *', replicas: 20}"));
  expect(wrong.stderr).toContain(
    'The CronTab "bad" is invalid: spec.replicas: Invalid value: 20: spec.replicas in body should be less than or equal to 10',
  );
  const unknown = await refused("create -f -", cronTab("bad", "{cronSpec: '* * * * *', nope: 1}"));
  expect(unknown.stderr).toContain('unknown field "spec.nope"');

  await kubectl("apply -f -", cronTab("one", "{cronSpec: '* * * * *', replicas: 1}"));
  const table = await kubectl("get ct");
  expect(table.split("\n")[0]?.trim().split(/\s+/)).toEqual(["NAME", "SPEC", "REPLICAS", "AGE"]);
  expect(table).toMatch(/one\s+\* \* \* \* \*\s+1\s+\d+s/);
  expect(await kubectl("get ct -o wide")).toMatch(/IMAGE[\s\S]*nginx:1\.27/);
  expect(await kubectl("get all")).toContain("crontab.stable.example.com/one");

  // A second apply that changes something is a three-way merge as for everything that is no built-in kind.
  await kubectl("apply -f -", cronTab("one", "{cronSpec: '0 * * * *', replicas: 2}"));
  expect(await kubectl("get ct one -o jsonpath={.spec.cronSpec}/{.spec.replicas}")).toBe("0 * * * */2");

  const served = "apply --server-side --force-conflicts -f -";
  await kubectl(`${served} --field-manager=a`, cronTab("two", "{cronSpec: '1 * * * *', ports: [{port: 1, name: a}]}"));
  await kubectl(`${served} --field-manager=b`, cronTab("two", "{cronSpec: '1 * * * *', ports: [{port: 2, name: b}]}"));
  expect(await kubectl("get ct two -o jsonpath={.spec.ports[*].name}")).toBe("a b");

  await kubectl("scale --replicas=5 crontabs/one");
  expect(await kubectl("get ct one -o jsonpath={.spec.replicas}")).toBe("5");
  await kubectl('patch ct one --subresource=status --type=merge -p {"status":{"replicas":5}}');
  expect(await kubectl("get ct one -o jsonpath={.status.replicas}")).toBe("5");
  await kubectl("wait --for=jsonpath={.status.replicas}=5 ct/one --timeout=10s");
  await kubectl("label ct one tier=backend");
  expect(await kubectl("get ct -l tier=backend -o name")).toBe("crontab.stable.example.com/one\n");
  expect((await kubectl("describe ct one")).replace(/\s+/g, " ")).toContain("Cron Spec: 0 * * * *");

  await kubectl("delete ct two");
  await kubectl("delete crd crontabs.stable.example.com");
  // kubectl still knows of it from before, the server does not.
  expect((await refused("get ct")).stderr).toContain("the server could not find the requested resource");
});

test("helm installs definitions of crds/ before the objects of a chart", async () => {
  const ran = await box.helm(["install", "site", chart, "--wait", "--timeout", "60s"]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(await kubectl("get backups site-nightly -o jsonpath={.spec.keep}")).toBe("7");
  const upgraded = await box.helm(["upgrade", "site", chart, "--set", "schedule=0 4 * * *"]);
  expect(upgraded.code, upgraded.stderr).toBe(0);
  expect(await kubectl("get bk site-nightly -o jsonpath={.spec.schedule}")).toBe("0 4 * * *");
  expect((await box.helm("uninstall site --wait")).code).toBe(0);
  expect(await kubectl("get backups -o name")).toBe("");
  expect(await kubectl("get crd backups.example.net -o name")).toContain("backups.example.net");
});
