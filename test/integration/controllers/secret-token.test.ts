import { afterEach, expect, test } from "vitest";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";

let cluster: Cluster | undefined;
afterEach(() => cluster?.stop());

const tokenReviews = {
  group: "authentication.k8s.io",
  version: "v1",
  resource: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
};

test("a token that is kept in a secret speaks for its account as long as the secret is there", async () => {
  cluster = await createCluster({ nodes: false });
  const client = cluster.client();
  const key = { namespace: "default", name: "robot-token" };
  await client.resource(resources.serviceaccounts).create({ metadata: { namespace: "default", name: "robot" } });
  await client.resource(resources.secrets).create({
    metadata: { ...key, annotations: { "kubernetes.io/service-account.name": "robot" } },
    type: "kubernetes.io/service-account-token",
  });
  const { data = {} } = await eventually(
    () => client.resource(resources.secrets).get(key),
    (secret) => secret.data?.token !== undefined,
  );
  expect(Buffer.from(data["ca.crt"] ?? "", "base64").toString()).toContain("BEGIN CERTIFICATE");
  const token = Buffer.from(data.token ?? "", "base64").toString();
  const review = async (text: string) => {
    const answer = await client.resource(tokenReviews).create({ metadata: {}, spec: { token: text } } as never);
    return (answer as { status?: { authenticated?: boolean; user?: { username?: string } } }).status;
  };
  expect(await review(token)).toMatchObject({
    authenticated: true,
    user: { username: "system:serviceaccount:default:robot" },
  });
  expect((await review(`${token.slice(0, -4)}AAAA`))?.authenticated).not.toBe(true);
});

test("since when tokens of secrets are noted is told, and the day on which one was used", async () => {
  cluster = await createCluster({ nodes: false });
  const client = cluster.client();
  const tracking = { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" };
  const { data: { since = "" } = {} } = await client.resource(resources.configmaps).get(tracking);
  expect(since).toMatch(/^\d{4}-\d\d-\d\d$/);
  const key = { namespace: "default", name: "robot-token" };
  await client.resource(resources.serviceaccounts).create({ metadata: { namespace: "default", name: "robot" } });
  await client.resource(resources.secrets).create({
    metadata: { ...key, annotations: { "kubernetes.io/service-account.name": "robot" } },
    type: "kubernetes.io/service-account-token",
  });
  const { data = {} } = await eventually(
    () => client.resource(resources.secrets).get(key),
    (secret) => secret.data?.token !== undefined,
  );
  const token = Buffer.from(data.token ?? "", "base64").toString();
  await client.resource(tokenReviews).create({ metadata: {}, spec: { token } } as never);
  const { metadata } = await eventually(
    () => client.resource(resources.secrets).get(key),
    (secret) => secret.metadata.labels !== undefined,
  );
  expect(metadata.labels?.["kubernetes.io/legacy-token-last-used"]).toMatch(/^\d{4}-\d\d-\d\d$/);
});
