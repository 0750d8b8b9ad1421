import type { JsonValue } from "../../api/meta/index.ts";
import type { BootstrapObject } from "./objects.ts";

type Fields = { [key: string]: JsonValue };
type Rule = Fields & { subjects: JsonValue[] };

/** Whoever changes the spec of one of these sets the annotation to false. */
const updatedByServer = { "apf.kubernetes.io/autoupdate-spec": "true" };
const producer = "api-priority-and-fairness-config-producer-v1";

/** The priority levels that requests have by default, and the schemas that sort requests into them. */
export function flowObjects(): BootstrapObject[] {
  return [...priorityLevels(), ...flowSchemas()];
}

function priorityLevels(): BootstrapObject[] {
  return [
    level("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    level("catch-all", limited(5, 0, { type: "Reject" })),
    level("system", limited(30, 33, queued(64, 6))),
    level("node-high", limited(40, 25, queued(64, 6))),
    level("leader-election", limited(10, 0, queued(16, 4))),
    level("workload-high", limited(40, 50, queued(128, 6))),
    level("workload-low", limited(100, 90, queued(128, 6))),
    level("global-default", limited(20, 50, queued(128, 6))),
  ];
}

function limited(nominalConcurrencyShares: number, lendablePercent: number, limitResponse: Fields): Fields {
  return { type: "Limited", limited: { nominalConcurrencyShares, lendablePercent, limitResponse } };
}

function queued(queues: number, handSize: number): Fields {
  return { type: "Queue", queuing: { queues, handSize, queueLengthLimit: 50 } };
}

function flowSchemas(): BootstrapObject[] {
  const everything = [...anyResource(), ...anyPath("/*")];
  const everyone = [group("system:unauthenticated"), group("system:authenticated")];
  const nodes = [group("system:nodes")];
  return [
    schema("exempt", "exempt", 1, undefined, [rule([group("system:masters")], everything)]),
    schema("probes", "exempt", 2, undefined, [rule(everyone, anyPath("/healthz", "/readyz", "/livez"), ["get"])]),
    schema("system-leader-election", "leader-election", 100, "ByUser", [
      rule([user("system:kube-controller-manager"), user("system:kube-scheduler")], leases("kube-system"), leasing),
    ]),
    schema("endpoint-controller", "workload-high", 150, "ByUser", [
      rule(
        [user("system:kube-controller-manager")],
        [resources([""], ["endpoints"], ["*"])],
        ["get", "create", "update"],
      ),
      rule(
        [account("kube-system", "endpoint-controller"), account("kube-system", "endpointslicemirroring-controller")],
        [resources([""], ["endpoints"], ["*"])],
        ["get", "create", "update"],
      ),
    ]),
    schema("workload-leader-election", "leader-election", 200, "ByUser", [
      rule([account("kube-system", "*")], leases("*"), leasing),
    ]),
    schema("system-node-high", "node-high", 400, "ByUser", [
      rule(nodes, [
        resources([""], ["nodes", "nodes/status"], ["*"], true),
        resources(["coordination.k8s.io"], ["leases"], ["*"]),
      ]),
    ]),
    schema("system-nodes", "system", 500, "ByUser", [rule(nodes, everything)]),
    schema("kube-controller-manager", "workload-high", 800, "ByNamespace", [
      rule([user("system:kube-controller-manager")], everything),
    ]),
    schema("kube-scheduler", "workload-high", 800, "ByNamespace", [rule([user("system:kube-scheduler")], everything)]),
    schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", [
      rule([account("kube-system", "*")], everything),
    ]),
    schema("service-accounts", "workload-low", 9000, "ByUser", [rule([group("system:serviceaccounts")], everything)]),
    schema("global-default", "global-default", 9900, "ByUser", [rule(everyone, everything)]),
    schema("catch-all", "catch-all", 10_000, "ByUser", [rule(everyone, everything)]),
  ];
}

const leasing = ["get", "create", "update"];

function leases(namespace: string): Fields[] {
  return [resources(["coordination.k8s.io"], ["leases"], [namespace])];
}

function anyResource(): Fields[] {
  return [resources(["*"], ["*"], ["*"], true)];
}

function resources(apiGroups: string[], names: string[], namespaces: string[], clusterScope?: boolean): Fields {
  return { apiGroups, resources: names, namespaces, ...(clusterScope && { clusterScope }) };
}

function anyPath(...nonResourceURLs: string[]): Fields[] {
  return nonResourceURLs.length === 0 ? [] : [{ nonResourceURLs }];
}

/** Targets are rules about resources or about paths, all with the same verbs. */
function rule(subjects: Fields[], targets: Fields[], verbs: string[] = ["*"]): Rule {
  const withVerbs: Fields[] = targets.map((target) => ({ verbs, ...target }));
  const resourceRules = withVerbs.filter((target) => !("nonResourceURLs" in target));
  const nonResourceRules = withVerbs.filter((target) => "nonResourceURLs" in target);
  return {
    subjects,
    ...(resourceRules.length > 0 && { resourceRules }),
    ...(nonResourceRules.length > 0 && { nonResourceRules }),
  };
}

function user(name: string): Fields {
  return { kind: "User", user: { name } };
}

function group(name: string): Fields {
  return { kind: "Group", group: { name } };
}

function account(namespace: string, name: string): Fields {
  return { kind: "ServiceAccount", serviceAccount: { namespace, name } };
}

function level(name: string, spec: Fields): BootstrapObject {
  return flowObject("prioritylevelconfigurations", name, spec);
}

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  rules: Rule[],
): BootstrapObject {
  return flowObject("flowschemas", name, {
    priorityLevelConfiguration: { name: levelName },
    matchingPrecedence,
    ...(distinguisher && { distinguisherMethod: { type: distinguisher } }),
    rules,
  });
}

function flowObject(resource: string, name: string, spec: Fields): BootstrapObject {
  const metadata = { name, annotations: updatedByServer };
  return {
    group: "flowcontrol.apiserver.k8s.io",
    version: "v1",
    resource,
    name,
    body: { metadata, spec },
    fieldManager: producer,
  };
}
