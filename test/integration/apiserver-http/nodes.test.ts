import { createServer, type IncomingMessage, type Server } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeConnector } from "../../../src/apiserver/index.ts";
import { responseHead } from "../../../src/streams/index.ts";
import { type Call, http1Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Stands for the kubelet of node `n`: tells what it is asked, or plays what the path says. */
const kubelet: Server = createServer((request, response) => {
  if (request.url?.includes("/refused")) response.writeHead(400).end("container is waiting to start");
  else if (request.url === "/page") {
    response.setHeader("content-type", "text/html");
    response.end(`<a href="/next">n</a><a href="here">h</a><img src='https://elsewhere.example/x'>`);
  } else response.end(`${request.method} ${request.url} as ${request.headers.authorization ?? "nobody"}\n`);
}).on("upgrade", (request: IncomingMessage, socket: Duplex) => {
  socket.end(`${responseHead(101, { Upgrade: "SPDY/3.1", Connection: "Upgrade" })}${request.method} ${request.url}`);
});
const nodes: NodeConnector = {
  dialKubelet(node) {
    if (node !== "n") return undefined;
    const [near, far] = duplexPair();
    kubelet.emit("connection", far);
    return near;
  },
  dialPod: (ip, port) => {
    if (ip !== "10.0.0.1") return undefined;
    const [near, far] = duplexPair();
    kubelet.emit("connection", far);
    return port === 81
      ? Promise.reject(new Error(`dial tcp ${ip}:81: connect: connection refused`))
      : Promise.resolve(near);
  },
};

let server: TestServer;
let call: Call;
const pods = "/api/v1/namespaces/default/pods";
beforeAll(async () => {
  server = await startTestServer({ nodes });
  call = http1Client(server);
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await call("POST", "/api/v1/namespaces/default/serviceaccounts", { body: account });
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
  await call("POST", "/api/v1/nodes", { body: node });
  const addresses = [{ type: "InternalIP", address: "192.0.2.1" }];
  await call("PUT", "/api/v1/nodes/n/status", { body: { ...node, status: { addresses } } });
  const pod = (name: string, containers: string[], nodeName?: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      nodeName,
      containers: containers.map((container) => ({ name: container, image: "x", ports: [{ containerPort: 80 }] })),
    },
  });
  expect((await call("POST", pods, { body: pod("one", ["c"], "n") })).status).toBe(201);
  const status = { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] };
  expect((await call("PUT", `${pods}/one/status`, { body: { ...pod("one", ["c"], "n"), status } })).status).toBe(200);
  await call("POST", pods, { body: pod("two", ["a", "b"], "n") });
  await call("POST", pods, { body: pod("refused", ["c"], "n") });
  await call("POST", pods, { body: pod("waiting", ["c"]) });
});
afterAll(() => server.stop());

describe("the log of a container", () => {
  it("is asked of the kubelet and sent as text as it comes", async () => {
    const { status, headers, text } = await call("GET", `${pods}/one/log?tailLines=5&follow=true`);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain");
    expect(text).toBe("GET /containerLogs/default/one/c?follow=true&tailLines=5 as nobody\n");
  });

  it("needs a container where there are several, and one that exists", async () => {
    expect((await call("GET", `${pods}/two/log`)).body.message).toBe(
      "a container name must be specified for pod two, choose one of: [a b]",
    );
    expect((await call("GET", `${pods}/two/log?container=z`)).body.message).toBe(
      "container z is not valid for pod two",
    );
    expect((await call("GET", `${pods}/two/log?container=b`)).text).toContain("two/b");
    expect((await call("GET", `${pods}/none/log`)).status).toBe(404);
  });

  it("is empty before the pod is on a node", async () => {
    expect(await call("GET", `${pods}/waiting/log`)).toMatchObject({ status: 200, text: "" });
  });

  it("is refused for options that make no sense, and with the kubelet's words", async () => {
    const negative = await call("GET", `${pods}/one/log?tailLines=-1`);
    expect(negative).toMatchObject({ status: 422 });
    expect(negative.body.message).toBe(
      'PodLogOptions "one" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    );
    const waiting = await call("GET", `${pods}/refused/log`);
    expect(waiting.body).toMatchObject({ code: 400, reason: "BadRequest", message: "container is waiting to start" });
  });
});

describe("a proxied request", () => {
  const proxy = `${pods}/one/proxy`;

  it("goes to the pod's first port, without the client's token", async () => {
    const { status, text } = await call("GET", `${proxy}/some/path/?q=1`);
    expect(status).toBe(200);
    expect(text).toBe("GET /some/path/?q=1 as nobody\n");
    expect((await call("POST", `${pods}/http:one:8080/proxy/x`, { body: {} })).text).toContain("POST /x");
  });

  it("without a path is sent to the path's root", async () => {
    const { status, headers } = await call("GET", proxy);
    expect(status).toBe(301);
    expect(headers.location).toBe(`${proxy}/`);
  });

  it("finds its way back from the links of a page", async () => {
    expect((await call("GET", `${proxy}/page`)).text).toBe(
      `<a href="${proxy}/next">n</a><a href="here">h</a><img src='https://elsewhere.example/x'>`,
    );
  });

  it("reaches the kubelet through its node", async () => {
    expect((await call("GET", "/api/v1/nodes/n/proxy/healthz")).text).toBe("GET /healthz as nobody\n");
  });

  it("says why it cannot go on", async () => {
    const refused = await call("GET", `${pods}/one:81/proxy/`);
    expect(refused.body).toMatchObject({
      code: 503,
      message: "error trying to reach service: dial tcp 10.0.0.1:81: connect: connection refused",
    });
    expect((await call("GET", `${pods}/waiting/proxy/`)).body).toMatchObject({
      code: 400,
      message: "address not allowed",
    });
  });
});

describe("a request for another protocol", () => {
  const upgrade = (path: string, as: "admin" | "alice", protocol = "SPDY/3.1") =>
    new Promise<string>((resolve) => {
      const { ca, [as]: client } = server.certificates;
      const options = { host: "127.0.0.1", port: server.listener.port, ca, cert: client.cert, key: client.key };
      const socket: TLSSocket = connect({ ...options, ALPNProtocols: ["http/1.1"] }, () => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
      });
      let text = "";
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on("close", () => resolve(text));
    });

  it("is handed to the kubelet", async () => {
    const answer = await upgrade(`${pods}/one/exec?command=ls&command=-l&stdout=true`, "admin");
    expect(answer).toContain("HTTP/1.1 101 Switching Protocols");
    expect(answer).toContain("GET /exec/default/one/c?output=1&command=ls&command=-l");
    expect(await upgrade(`${pods}/one/portforward?ports=80`, "admin")).toContain(
      "GET /portForward/default/one?port=80",
    );
    expect(await upgrade(`${pods}/one/proxy/chat`, "admin")).toContain("GET /chat");
  });

  it("is refused like every other to who may not", async () => {
    expect(await upgrade(`${pods}/one/exec?command=ls`, "alice")).toContain('cannot get resource \\"pods/exec\\"');
    expect(await upgrade(`${pods}/none/exec`, "admin")).toContain("HTTP/1.1 404");
    expect(await upgrade(`${pods}/waiting/exec?stdout=1`, "admin")).toContain("does not have a host assigned");
    expect(await upgrade("/%zz", "admin")).toContain("HTTP/1.1 400");
  });

  it("that is of no use there is answered as if it had not asked", async () => {
    const version = await upgrade("/version", "admin", "h2c");
    expect(version).toContain("HTTP/1.1 200 OK");
    expect(version).toContain("gitVersion");
  });
});
