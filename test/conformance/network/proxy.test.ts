import { expect, test } from "vitest";
import { pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });
const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/** A pod that serves HTTP, behind a service; gives the paths of both. */
async function served(ports: readonly { name?: string; port: number; targetPort: number }[]) {
  const namespace = await suite.namespace();
  const containerPorts = [80, 443].map((containerPort) => ({ containerPort }));
  const spec = { containers: [container({ image: "nginx", ports: containerPorts })] };
  await suite.api.create(pods(namespace), pod("web", { metadata: { labels: { app: "web" } }, spec }));
  const services = `/api/v1/namespaces/${namespace}/services`;
  await suite.api.create(services, { metadata: { name: "svc" }, spec: { selector: { app: "web" }, ports } });
  await suite.api.until(`${pods(namespace)}/web`, isReady);
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=svc`;
  await suite.api.untilList(slices, ([one]) => one?.endpoints?.[0]?.conditions.ready === true);
  return { pod: (name: string) => `${pods(namespace)}/${name}`, service: (name: string) => `${services}/${name}` };
}

async function answersEveryMethod(path: string, onward: string): Promise<void> {
  for (const method of methods) {
    const { status, text, headers } = await suite.api.call(method, path);
    expect([method, status]).toEqual([method, 200]);
    if (method !== "HEAD") expect(text).toContain(`${method} ${onward}\n`);
    expect(headers["content-type"]).toContain("text/plain");
  }
}

test("Proxy through apiserver to a Service", async () => {
  const { pod, service } = await served([
    { name: "portname1", port: 80, targetPort: 80 },
    { name: "portname2", port: 81, targetPort: 443 },
  ]);
  const named = ["svc:portname1", "svc:portname2", "svc:80", "svc:81", "http:svc:portname1", "http:svc:81"];
  for (const path of [...named.map(service), ...["web", "web:80", "web:443", "http:web:80"].map(pod)]) {
    expect(await suite.api.call("GET", `${path}/proxy/hostname`)).toMatchObject({ status: 200, text: "web" });
  }
  const refused = await suite.api.call("GET", `${service("https:svc:80")}/proxy/`);
  expect(refused.body).toMatchObject({ code: 503, reason: "ServiceUnavailable" });
  expect(refused.body.message).toContain("error trying to reach service: tls:");
});

test("Proxy, validate ProxyWithPath responses", async () => {
  const { pod, service } = await served([{ port: 80, targetPort: 80 }]);
  for (const path of [pod("web"), service("svc")]) {
    await answersEveryMethod(`${path}/proxy/some/path/with?method=X`, "/some/path/with?method=X");
  }
});

test("Proxy, validate Proxy responses", async () => {
  const { pod, service } = await served([{ port: 80, targetPort: 80 }]);
  for (const path of [pod("web"), service("svc")]) {
    await answersEveryMethod(`${path}/proxy/?method=X`, "/?method=X");
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await suite.api.call(method, `${path}/proxy?method=${method}`);
      expect([status, headers.location]).toEqual([301, `${path}/proxy/?method=${method}`]);
    }
    const { status, text } = await suite.api.call("POST", `${path}/proxy?method=POST`);
    expect([status, text.includes("POST /?method=POST\n")]).toEqual([200, true]);
  }
});
