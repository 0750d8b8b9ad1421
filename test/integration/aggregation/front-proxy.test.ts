import { Agent, request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CertificateAuthority, type KeyPair } from "../../../src/certificates/index.ts";
import { type Cluster, createCluster, systemHost } from "../../../src/index.ts";

let cluster: Cluster;
let proxy: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  const host = systemHost({ log: { level: "error" } });
  const validity = { notBefore: host.clock.now() - 3_600_000, notAfter: host.clock.now() + 3_600_000 };
  const authority = CertificateAuthority.create("proxies", validity.notBefore, validity.notAfter, host);
  const issue = (commonName: string) =>
    authority.issue({ ...validity, commonName, organization: "system:masters", usage: "client" });
  proxy = await issue("front-proxy-client");
  stranger = await issue("stranger");
  const requestHeader = { clientCa: authority.pair.cert, uidHeaders: ["X-Remote-Uid"] };
  cluster = await createCluster({
    nodes: false,
    controllers: false,
    scheduler: false,
    frontProxy: { requestHeader },
  });
});
afterAll(() => cluster.stop());

type Headers = Record<string, string | string[]>;

interface Told {
  readonly code: number | undefined;
  readonly user?: Record<string, unknown>;
  /** Whether the connection went on with the secrets of one before it. */
  readonly isResumed: boolean;
}

/** Who the server says that asks; undefined when it knows nobody by that. */
function whoAmI(pair: KeyPair | undefined, headers: Headers = {}, agent: Agent | false = false) {
  const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  return new Promise<Told>((resolve, reject) => {
    const sent = httpsRequest(
      `${cluster.url}${path}`,
      {
        method: "POST",
        ca: cluster.kubeconfig.caPem,
        cert: pair?.cert,
        key: pair?.key,
        agent,
        headers: { "content-type": "application/json", ...headers },
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        const isResumed = (response.socket as TLSSocket).isSessionReused();
        response.on("end", () =>
          resolve({ code: response.statusCode, user: JSON.parse(text).status?.userInfo, isResumed }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const jane: Headers = {
  "x-remote-user": "jane",
  "x-remote-uid": "u-1",
  "x-remote-group": ["dev", "a, system:masters"],
  "x-remote-extra-example.org%2Fteam": ["blue"],
};

test("a front proxy says who asks, each group as it was sent", async () => {
  const { code, user } = await whoAmI(proxy, jane);
  expect(code).toBe(201);
  expect(user).toEqual({
    username: "jane",
    uid: "u-1",
    groups: ["dev", "a, system:masters", "system:authenticated"],
    extra: { "example.org/team": ["blue"] },
  });
});

test("a proxy of another name is refused, and who is none says nothing by these headers", async () => {
  expect((await whoAmI(stranger, jane)).code).toBe(401);
  const { clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  expect((await whoAmI({ cert, key }, jane)).user?.username).toBe("admin");
  expect((await whoAmI(undefined, jane)).code).toBe(403);
});

test("a certificate of the proxies' authority is nobody's certificate: its groups count for nothing", async () => {
  expect((await whoAmI(proxy)).code).toBe(403);
});

test("who was known by a certificate is known on a connection that resumes the one before it", async () => {
  const { clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  const agent = new Agent({ keepAlive: false });
  const first = await whoAmI({ cert, key }, {}, agent);
  const second = await whoAmI({ cert, key }, {}, agent);
  expect([first.isResumed, second.isResumed]).toEqual([false, true]);
  expect([first.user?.username, second.user?.username]).toEqual(["admin", "admin"]);
  agent.destroy();
});
