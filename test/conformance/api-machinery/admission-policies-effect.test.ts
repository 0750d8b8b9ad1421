import { expect, test } from "vitest";
import { type Json, Refused } from "../support/api.ts";
import { define, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });
const policies = "/apis/admissionregistration.k8s.io/v1";

const deployments = (operations: string[]) => ({
  resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations, resources: ["deployments"] }],
});

const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

const deployment = (name: string, replicas: number) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "nginx" }] } },
  },
});

interface Made {
  readonly policy: string;
  readonly namespace: string;
  readonly deployments: string;
}

/** A namespace in which a new policy of the kind holds. */
async function policyIn(
  kind: "validating" | "mutating",
  name: string,
  spec: object,
  binding: object = {},
): Promise<Made> {
  const namespace = await suite.namespace();
  const resource = `${policies}/${kind}admissionpolicies`;
  await suite.api.create(resource, { metadata: { name }, spec });
  await suite.api.create(`${policies}/${kind}admissionpolicybindings`, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, matchResources: inNamespace(namespace), ...binding },
  });
  return { policy: `${resource}/${name}`, namespace, deployments: `/apis/apps/v1/namespaces/${namespace}/deployments` };
}

async function refusal(path: string, body: unknown) {
  try {
    await suite.api.create(path, body);
  } catch (err) {
    if (err instanceof Refused) return err.answer;
    throw err;
  }
  throw new Error("it was not refused");
}

test("ValidatingAdmissionPolicy", async () => {
  const made = await policyIn(
    "validating",
    "replicas.policy.example.com",
    {
      matchConstraints: deployments(["CREATE"]),
      validations: [
        { expression: "object.spec.replicas > 1", messageExpression: "'wants more than ' + string(1)" },
        { expression: "object.metadata.name != 'bad'", message: "wrong name", reason: "Forbidden" },
      ],
    },
    { validationActions: ["Deny"] },
  );
  const answer = await refusal(made.deployments, deployment("one", 1));
  const text =
    "ValidatingAdmissionPolicy 'replicas.policy.example.com' with binding 'replicas.policy.example.com-binding' " +
    "denied request: wants more than 1";
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({
    reason: "Invalid",
    message: `deployments.apps "one" is forbidden: ${text}`,
    details: { name: "one", group: "apps", kind: "deployments", causes: [{ message: text }] },
  });
  expect((await refusal(made.deployments, deployment("bad", 2))).status).toBe(403);
  await suite.api.create(made.deployments, deployment("two", 2));
  await suite.api.delete(made.policy);
  await suite.api.create(made.deployments, deployment("one", 1));
});

test("ValidatingAdmissionPolicy: what the message cannot be made of is passed over", async () => {
  const made = await policyIn(
    "validating",
    "confused-message.policy.example.com",
    {
      matchConstraints: deployments(["CREATE", "UPDATE"]),
      validations: [
        {
          expression: "object.spec.replicas > 1",
          messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
        },
        {
          expression: "namespaceObject.metadata.name != ''",
          message: "Internal error! Other namespace should not be allowed.",
        },
      ],
    },
    { validationActions: ["Deny"] },
  );
  const answer = await refusal(made.deployments, deployment("marker-deployment", 1));
  expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
  expect(answer.body.message).toContain("failed expression: object.spec.replicas > 1");
  await suite.api.create(made.deployments, deployment("replicated", 2));
  const { apiVersion, kind, ...replicaSet } = deployment("non-replicated", 1);
  await suite.api.create(made.deployments.replace(/deployments$/, "replicasets"), replicaSet);
  expect([apiVersion, kind]).toEqual(["apps/v1", "Deployment"]);
});

async function typeChecked(name: string, spec: object): Promise<Json[]> {
  const resource = `${policies}/validatingadmissionpolicies`;
  await suite.api.create(resource, { metadata: { name }, spec });
  const checked = await suite.api.until(`${resource}/${name}`, ({ status }) => status?.typeChecking !== undefined);
  return checked.status.typeChecking.expressionWarnings ?? [];
}

test("ValidatingAdmissionPolicy: expressions are checked by the types of what they are about", async () => {
  const matchConstraints = { ...deployments(["CREATE", "UPDATE"]), ...inNamespace("nowhere") };
  const validation = { expression: "object.spec.replicas > 1" };
  const spec = { matchConstraints, validations: [validation] };
  expect(await typeChecked("correct-policy.example.com", spec)).toEqual([]);
  const messageExpression = "'wants replicas > 1, got ' + object.spec.replicas";
  const confused = { matchConstraints, validations: [{ expression: "object.spec.replicas > '1'", messageExpression }] };
  expect(await typeChecked("confused-policy.example.com", confused)).toEqual([
    {
      fieldRef: "spec.validations[0].expression",
      warning: expect.stringContaining("found no matching overload for '_>_' applied to '(int, string)'"),
    },
    {
      fieldRef: "spec.validations[0].messageExpression",
      warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'"),
    },
  ]);
});

test("ValidatingAdmissionPolicy: expressions about custom resources are checked by their schema", async () => {
  const text = { type: "string" };
  const properties = { cronSpec: text, image: text, replicas: { type: "integer" } };
  const schema = { type: "object", properties: { spec: { type: "object", properties } } };
  const { group } = await define(suite.api, { kind: "CronTab", versions: [versionOf("v1", schema)] });
  const rule = { apiGroups: [group], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["crontabs"] };
  const matchConstraints = { resourceRules: [rule], ...inNamespace("nowhere") };
  const validations = [{ expression: "object.spec.replicas > 1" }];
  expect(await typeChecked("correct-crd-policy.example.com", { matchConstraints, validations })).toEqual([]);
  const confused = [{ expression: "object.spec.replicas > '1'" }, { expression: "object.spec.maxRetries < 10" }];
  expect(await typeChecked("confused-crd-policy.example.com", { matchConstraints, validations: confused })).toEqual([
    {
      fieldRef: "spec.validations[0].expression",
      warning: expect.stringContaining("found no matching overload for '_>_' applied to '(int, string)'"),
    },
    { fieldRef: "spec.validations[1].expression", warning: expect.stringContaining("undefined field 'maxRetries'") },
  ]);
});

test("ValidatingAdmissionPolicy", async () => {
  const made = await policyIn(
    "validating",
    "variables.policy.example.com",
    {
      matchConstraints: deployments(["CREATE"]),
      variables: [
        { name: "replicas", expression: "object.spec.replicas" },
        { name: "oddReplicas", expression: "variables.replicas % 2 == 1" },
      ],
      validations: [
        { expression: "variables.replicas > 1" },
        { expression: "variables.oddReplicas", message: "must be odd" },
      ],
    },
    { validationActions: ["Deny"] },
  );
  expect((await refusal(made.deployments, deployment("one", 1))).body.message).toContain(
    "failed expression: variables.replicas > 1",
  );
  expect((await refusal(made.deployments, deployment("two", 2))).body.message).toContain("must be odd");
  await suite.api.create(made.deployments, deployment("three", 3));
});

test("ValidatingAdmissionPolicy: parameters, warnings and failures", async () => {
  const made = await policyIn(
    "validating",
    "params.policy.example.com",
    {
      matchConstraints: deployments(["CREATE", "UPDATE"]),
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConditions: [{ name: "not-exempt", expression: "!object.metadata.name.startsWith('exempt')" }],
      validations: [{ expression: "object.spec.replicas <= int(params.data.max)", message: "too many" }],
    },
    { validationActions: ["Deny"], paramRef: { name: "limit", parameterNotFoundAction: "Deny" } },
  );
  expect((await refusal(made.deployments, deployment("early", 1))).body.message).toContain(
    "denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
  );
  const maps = `/api/v1/namespaces/${made.namespace}/configmaps`;
  await suite.api.create(maps, { metadata: { name: "limit" }, data: { max: "2" } });
  expect((await refusal(made.deployments, deployment("many", 3))).body.message).toContain("denied request: too many");
  await suite.api.create(made.deployments, deployment("few", 2));
  await suite.api.create(made.deployments, deployment("exempt", 9));
  await suite.api.patch(`${maps}/limit`, "merge", { data: { max: null, other: "1" } });
  expect((await refusal(made.deployments, deployment("none", 1))).body.message).toContain(
    "denied request: expression 'object.spec.replicas <= int(params.data.max)' resulted in error: no such key: max",
  );
  const binding = `${policies}/validatingadmissionpolicybindings/params.policy.example.com-binding`;
  await suite.api.patch(binding, "merge", { spec: { validationActions: ["Warn"] } });
  const warned = await suite.api.call("POST", made.deployments, { body: deployment("warned", 1) });
  expect(warned.status).toBe(201);
  expect(warned.headers.warning).toContain(
    "Validation failed for ValidatingAdmissionPolicy 'params.policy.example.com' with binding",
  );
});

test("ValidatingAdmissionPolicy: requests, authorization, older versions and deletions", async () => {
  const made = await policyIn(
    "validating",
    "request.policy.example.com",
    {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ["autoscaling"],
            apiVersions: ["v1"],
            operations: ["CREATE", "DELETE"],
            resources: ["horizontalpodautoscalers"],
          },
        ],
      },
      validations: [
        {
          expression:
            "request.operation == 'DELETE' ? oldObject.metadata.name != 'kept' : " +
            "object.apiVersion == 'autoscaling/v1' && request.requestKind.version == 'v2' && " +
            "namespaceObject.metadata.name == request.namespace && request.userInfo.username != '' && " +
            "authorizer.requestResource.check('create').allowed() && " +
            "!authorizer.serviceAccount('default', 'nobody').group('autoscaling').resource('horizontalpodautoscalers')" +
            ".namespace(request.namespace).check('create').allowed()",
        },
      ],
    },
    { validationActions: ["Deny"] },
  );
  const path = `/apis/autoscaling/v2/namespaces/${made.namespace}/horizontalpodautoscalers`;
  const scaler = (name: string) => ({
    metadata: { name },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "x" } },
  });
  await suite.api.create(path, scaler("kept"));
  await suite.api.create(path, scaler("gone"));
  await suite.api.delete(`${path}/gone`);
  expect((await suite.api.call("DELETE", `${path}/kept`)).status).toBe(422);
});

const annotating =
  'Object{\n  metadata: Object.metadata{\n    annotations: {\n      "mutated-by": "admission-policy"\n    }\n  }\n}';

test("MutatingAdmissionPolicy", async () => {
  const made = await policyIn("mutating", "annotate.policy.example.com", {
    matchConstraints: deployments(["CREATE", "UPDATE"]),
    mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: annotating } }],
    reinvocationPolicy: "Never",
  });
  const created = await suite.api.create(made.deployments, deployment("annotated", 2));
  expect(created.metadata.annotations).toMatchObject({ "mutated-by": "admission-policy" });
  expect(created.spec.replicas).toBe(2);
});

test("MutatingAdmissionPolicy: the number of replicas is what the policy says", async () => {
  const made = await policyIn("mutating", "replicas-mutated.policy.example.com", {
    matchConstraints: deployments(["CREATE", "UPDATE"]),
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: { expression: "Object{spec: Object.spec{replicas: 1337}}" },
      },
    ],
    reinvocationPolicy: "Never",
  });
  expect((await suite.api.create(made.deployments, deployment("marker-deployment", 1))).spec.replicas).toBe(1337);
});

test("MutatingAdmissionPolicy", async () => {
  const made = await policyIn("mutating", "grow.policy.example.com", {
    matchConstraints: deployments(["CREATE"]),
    variables: [{ name: "wanted", expression: "object.spec.replicas + 1" }],
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression:
            "Object{spec: Object.spec{replicas: variables.wanted, template: Object.spec.template{spec: " +
            "Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', image: 'side'}]}}}}",
        },
      },
      {
        patchType: "JSONPatch",
        jsonPatch: {
          expression:
            "[JSONPatch{op: 'add', path: '/metadata/labels', value: {}}, " +
            "JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/replicas'), " +
            "value: string(object.spec.replicas)}]",
        },
      },
    ],
    reinvocationPolicy: "Never",
  });
  const created = await suite.api.create(made.deployments, deployment("grown", 2));
  expect(created.spec.replicas).toBe(3);
  expect(created.metadata.labels).toEqual({ "example.com/replicas": "3" });
  const containers = created.spec.template.spec.containers;
  expect(containers.map(({ name }: { name: string }) => name).sort()).toEqual(["c", "side"]);
  expect(containers.every((each: { imagePullPolicy?: string }) => each.imagePullPolicy === "Always")).toBe(true);
});

test("MutatingAdmissionPolicy: what cannot be applied refuses the request", async () => {
  const made = await policyIn("mutating", "broken.policy.example.com", {
    matchConstraints: deployments(["CREATE"]),
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}",
        },
      },
    ],
    reinvocationPolicy: "Never",
  });
  const { status, body } = await refusal(made.deployments, deployment("refused", 1));
  expect(status).toBe(403);
  expect(body.message).toBe(
    "policy 'broken.policy.example.com' with binding 'broken.policy.example.com-binding' denied request: " +
      "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector",
  );
});

test("Validing Admission webhook, reject validating webhook configurations with invalid matchConditions", async () => {
  const { status, body } = await refusal(`${policies}/validatingwebhookconfigurations`, {
    metadata: { name: "invalid-condition" },
    webhooks: [
      {
        name: "validation-webhook-with-match-conditions.k8s.io",
        clientConfig: { url: "https://example.org/hook" },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        matchConditions: [{ name: "invalid", expression: "... [] bad expression" }],
      },
    ],
  });
  expect(status).toBe(422);
  expect(body.message).toContain("compilation failed");
});
