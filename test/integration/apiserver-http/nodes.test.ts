import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeConnector } from "../../../src/apiserver/index.ts";
import { type Call, http1Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const nodes: NodeConnector = {
  async *logs(pod, options) {
    yield `${pod.metadata.name}/${options.container} tail=${options.tailLines} follow=${options.follow}\n`;
    yield Buffer.from("second line\n");
  },
  async connect(request, _http, socket) {
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.subresource} on ${request.object.metadata.name}`);
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
  const pod = (name: string, containers: string[], nodeName?: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { nodeName, containers: containers.map((container) => ({ name: container, image: "x" })) },
  });
  expect((await call("POST", pods, { body: pod("one", ["c"], "n") })).status).toBe(201);
  await call("POST", pods, { body: pod("two", ["a", "b"], "n") });
  await call("POST", pods, { body: pod("waiting", ["c"]) });
});
afterAll(() => server.stop());

describe("the log of a container", () => {
  it("is sent as text as it comes", async () => {
    const { status, headers, text } = await call("GET", `${pods}/one/log?tailLines=5&follow=true`);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain");
    expect(text).toBe("one/c tail=5 follow=true\nsecond line\n");
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
});

describe("a request for another protocol", () => {
  const upgrade = (path: string, as: "admin" | "alice") =>
    new Promise<string>((resolve) => {
      const { ca, [as]: client } = server.certificates;
      const options = { host: "127.0.0.1", port: server.listener.port, ca, cert: client.cert, key: client.key };
      const socket: TLSSocket = connect({ ...options, ALPNProtocols: ["http/1.1"] }, () => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      });
      let text = "";
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on("close", () => resolve(text));
    });

  it("is handed to the node with its pod", async () => {
    expect(await upgrade(`${pods}/one/exec?command=ls`, "admin")).toContain(
      "101 Switching Protocols\r\n\r\nexec on one",
    );
  });

  it("is refused like every other to who may not", async () => {
    expect(await upgrade(`${pods}/one/exec?command=ls`, "alice")).toContain('cannot get resource \\"pods/exec\\"');
    expect(await upgrade(`${pods}/none/exec`, "admin")).toContain("HTTP/1.1 404");
    expect(await upgrade("/version", "admin")).toContain("HTTP/1.1 400");
    expect(await upgrade("/%zz", "admin")).toContain("HTTP/1.1 400");
  });
});
