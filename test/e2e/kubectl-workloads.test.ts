import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "3"]);
});
afterAll(() => box.remove());

const template = (labels: object, image: string) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image }] },
});

const workload = (kind: string, image: string, spec: object = {}) => {
  const labels = { of: kind.toLowerCase() };
  const selector = kind === "ReplicationController" ? labels : { matchLabels: labels };
  const apiVersion = kind === "ReplicationController" ? "v1" : "apps/v1";
  return JSON.stringify({
    apiVersion,
    kind,
    metadata: { name: "w" },
    spec: { selector, template: template(labels, image), ...spec },
  });
};

const imageOf = (resource: string) => `get ${resource} w -o jsonpath={.spec.template.spec.containers[0].image}`;

test.each([
  ["daemonset", "DaemonSet", {}],
  ["statefulset", "StatefulSet", { serviceName: "w", replicas: 2 }],
])("a %s has a history and goes back to what it was", async (resource, kind, spec) => {
  const { k, fails } = await kubectlIn(box, `history-${resource}`);
  await k("apply -f -", workload(kind, "app:1", spec));
  await eventually(
    () => k("get controllerrevisions -o name"),
    (names) => names.includes("/"),
  );
  await k("apply -f -", workload(kind, "app:2", spec));
  await k(`rollout status ${resource}/w --timeout=60s`);
  expect(await k(`rollout history ${resource}/w`)).toMatch(/\n1 +<none>\n2 +<none>\n/);
  expect(await k(`rollout history ${resource}/w --revision=1`)).toContain("app:1");
  expect(await k(`rollout undo ${resource}/w --dry-run=server`)).toContain("rolled back (server dry run)");
  expect(await k(imageOf(resource))).toBe("app:2");
  await k(`rollout undo ${resource}/w --to-revision=1`);
  expect(await k(imageOf(resource))).toBe("app:1");
  await k(`rollout status ${resource}/w --timeout=60s`);
  expect(await fails(`rollout undo ${resource}/w --to-revision=1000000`)).toContain(
    "unable to find specified revision 1000000 in history",
  );
  await k(`rollout undo ${resource}/w`);
  expect(await k(imageOf(resource))).toBe("app:2");
});

test("a deployment that was rolled back tells every revision that its replica set had", async () => {
  const { k, fails } = await kubectlIn(box, "history");
  await k("create -f -", workload("Deployment", "app:1"));
  await k("rollout status deployment/w --timeout=30s");
  await k("set image deployment/w c=app:2");
  await k("rollout status deployment/w --timeout=30s");
  await k("rollout undo deployment/w --to-revision=1");
  await k("rollout status deployment/w --timeout=30s");
  const told = "jsonpath={.items[*].metadata.annotations.deployment\\.kubernetes\\.io/revision-history}";
  await eventually(
    () => k(["get", "rs", "-o", told]),
    (history) => history === "1",
  );
  expect(await fails("rollout status deployment/w --revision=1")).toContain("different from the running revision (3)");
  await k("rollout pause deployment/w");
  expect(await fails("rollout undo deployment/w")).toContain("you cannot rollback a paused deployment");
  expect(await fails("rollout restart deployment/w")).toContain("can't restart paused deployment");
});

test("a replication controller is scaled by what it has, exposed and taken away with its pods", async () => {
  const { k, fails } = await kubectlIn(box, "rc");
  await k("create -f -", workload("ReplicationController", "app:1", { replicas: 2 }));
  expect(await k("scale rc w --current-replicas=2 --replicas=3")).toBe("replicationcontroller/w scaled\n");
  expect(await fails("scale rc w --current-replicas=2 --replicas=3")).toContain("Expected replicas to be 2, was 3");
  await k("wait rc/w --for=jsonpath={.status.readyReplicas}=3 --timeout=30s");
  expect(await k("expose rc w --port=80")).toBe("service/w exposed\n");
  await k("delete rc w");
  await k("wait pod --all --for=delete --timeout=30s");
  expect(await k("get pods -o name")).toBe("");
});

test("deleting goes no further, first or last through what is owned", async () => {
  const { k } = await kubectlIn(box, "cascade");
  const deployed = async () => {
    await k("create -f -", workload("Deployment", "app:1", { replicas: 2 }));
    await k("rollout status deployment/w --timeout=30s");
  };
  const left = () => k("get deployments,replicasets,pods -o name");
  await deployed();
  await k("delete deployment w --cascade=orphan");
  expect((await left()).split("\n").filter(Boolean)).toHaveLength(3);
  await k("delete replicasets --all --cascade=foreground");
  expect(await left()).toBe("");
  await deployed();
  await k("delete deployment w --cascade=foreground");
  expect(await left()).toBe("");
  await deployed();
  await k("delete deployment w");
  await eventually(left, (names) => names === "");
});

test("a finalizer holds what is deleted, and no other may be added then", async () => {
  const { k, fails } = await kubectlIn(box, "held");
  await k("create configmap c");
  await k(["patch", "configmap", "c", "-p", '{"metadata":{"finalizers":["a.b/c"]}}']);
  expect(await fails("delete configmap c --timeout=1s")).toContain(
    "timed out waiting for the condition on configmaps/c",
  );
  const more = ["patch", "configmap", "c", "-p", '{"metadata":{"finalizers":["a.b/c","d.e/f"]}}'];
  expect(await fails(more)).toContain("no new finalizers can be added if the object is being deleted");
  await k(["patch", "configmap", "c", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]']);
  expect(await fails("get configmap c")).toContain("NotFound");
});

test("a job tells how it ended, and one whose pods are refused has none that are active", async () => {
  const { k } = await kubectlIn(box, "jobs");
  await k("create job done --image=busybox -- true");
  await k("wait job/done --for=condition=Complete --timeout=30s");
  await k("create quota none --hard=pods=1");
  await k("create configmap filler");
  await k("run filler --image=busybox -- sleep 1000");
  await k("create job refused --image=busybox -- true");
  await eventually(
    () => k("get events --field-selector involvedObject.name=refused -o jsonpath={.items[*].message}"),
    (messages) => messages.includes("exceeded quota: none"),
  );
  expect(await k("get job refused -o jsonpath={.status.active}")).toBe("");
});
