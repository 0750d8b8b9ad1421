// Two API servers on an etcd of three members: both serve, agree, and any one part may die under load.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Answer, ServerProcess } from "../hostile/server-process.ts";
import { EtcdCluster, freePorts, withoutEtcd } from "./etcd-cluster.ts";

const addresses = ["10.0.0.1", "10.0.0.2"] as const;
const configMaps = "/api/v1/namespaces/default/configmaps";
const writersCount = 8;

describe.skipIf(withoutEtcd)(`two API servers on one etcd${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  const root = mkdtempSync(join(tmpdir(), "sampan-servers-"));
  let etcd: EtcdCluster;
  let port = 0;
  const servers: ServerProcess[] = [];
  const started: ServerProcess[] = [];

  /** The second has the keys of the first, as every further server of a cluster; on an address of its own, so that the port is the same. */
  async function start(at: 0 | 1): Promise<ServerProcess> {
    const home = join(root, `server-${at}`);
    const data = join(home, "data");
    if (at === 1 && !existsSync(data)) {
      mkdirSync(join(data, "pki"), { recursive: true });
      for (const name of ["ca.crt", "ca.key", "sa.key", "sa.pub"]) {
        cpSync(join(root, "server-0", "data", "pki", name), join(data, "pki", name));
      }
    }
    mkdirSync(home, { recursive: true });
    const server = new ServerProcess(home, data, [
      ...["--etcd-servers", etcd.urls.join(","), "--port", String(port)],
      ...["--bind-address", `127.0.0.${at + 1}`, "--advertise-address", addresses[at]],
    ]);
    started.push(server);
    await server.ready;
    servers[at] = server;
    return server;
  }

  beforeAll(async () => {
    etcd = await EtcdCluster.start({ members: 3 });
    [port = 0] = await freePorts(1);
    await start(0);
    await start(1);
  });
  afterAll(async () => {
    await Promise.all(started.map((server) => server.kill("SIGKILL")));
    await etcd?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  function server(at: number): ServerProcess {
    const found = servers[at];
    if (found === undefined) throw new Error(`no server ${at}`);
    return found;
  }

  /** What a server tells its watchers after a revision, in the order in which it tells it. */
  function watched(at: number, after: string): { name: string; value: string; revision: number }[] {
    const changes: { name: string; value: string; revision: number }[] = [];
    void server(at).watch(`${configMaps}?watch=1&resourceVersion=${after}&labelSelector=load%3Dyes`, ({ object }) => {
      const { name, resourceVersion } = object.metadata;
      changes.push({ name, value: object.data.value, revision: Number(resourceVersion) });
    });
    return changes;
  }
  async function endpoints(at: number): Promise<string[]> {
    const answer = await server(at).call("GET", "/api/v1/namespaces/default/endpoints/kubernetes");
    const listed = answer?.body.subsets?.[0]?.addresses ?? [];
    return listed.map(({ ip }: { ip: string }) => ip);
  }

  it("each sees at once what the other has written, and hears of it", async () => {
    const seen: string[] = [];
    const list = await server(1).call("GET", configMaps);
    const after = list?.body.metadata.resourceVersion;
    void server(1).watch(
      `${configMaps}?watch=1&resourceVersion=${after}&fieldSelector=metadata.name%3Dshared`,
      ({ object }) => seen.push(object.data.n),
    );
    await server(0).call("POST", configMaps, { metadata: { name: "shared" }, data: { n: "0" } });
    for (let n = 1; n <= 20; n++) {
      const written = await server(n % 2).call("PATCH", `${configMaps}/shared`, { data: { n: String(n) } });
      const revision = written?.body.metadata.resourceVersion;
      const read = await server((n + 1) % 2).call("GET", `${configMaps}/shared`);
      expect(read?.body.data.n).toBe(String(n));
      const notOlder = await server((n + 1) % 2).call("GET", `${configMaps}?resourceVersion=${revision}`);
      expect(notOlder?.status).toBe(200);
    }
    await eventually(
      async () => seen.length,
      (length) => length >= 21,
    );
    expect(seen).toEqual(Array.from({ length: 21 }, (_, n) => String(n)));
  });

  it("a token of one is good for the other", async () => {
    const path = "/api/v1/namespaces/default/serviceaccounts";
    await server(0).call("POST", path, { metadata: { name: "robot" } });
    const issued = await server(0).call("POST", `${path}/robot/token`, { spec: {} });
    const review = { spec: { token: issued?.body.status.token } };
    const answer = await server(1).call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
    expect(answer?.body.status).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:default:robot" },
    });
  });

  it("the kubernetes service names both", async () => {
    expect(await endpoints(0)).toEqual([...addresses]);
    const slice = await server(1).call("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes");
    expect(slice?.body.endpoints.flatMap((one: { addresses: string[] }) => one.addresses)).toEqual([...addresses]);
  });

  it("no address and no port of a node is given twice", async () => {
    const path = "/api/v1/namespaces/default/services";
    // A small part of the ports, asked for by name on both servers at once: for each, one of the two gets it.
    const wanted = Array.from({ length: 12 }, (_, i) => 31_000 + i);
    const service = (name: string, nodePort?: number) => ({
      metadata: { name },
      spec: { type: "NodePort", ports: [{ port: 80, ...(nodePort && { nodePort }) }] },
    });
    const contested = await Promise.all(
      wanted.flatMap((nodePort) =>
        [0, 1].map((at) => server(at).call("POST", path, service(`c${nodePort}-${at}`, nodePort))),
      ),
    );
    for (let i = 0; i < wanted.length; i++) {
      const pair = [contested[2 * i], contested[2 * i + 1]].map((answer) => answer?.status);
      expect(
        pair.filter((status) => status === 201),
        JSON.stringify(contested[2 * i]?.body),
      ).toHaveLength(1);
      expect(pair.find((status) => status !== 201)).toBe(422);
    }
    const drawn = await Promise.all(
      Array.from({ length: 60 }, (_, i) => server(i % 2).call("POST", path, service(`d${i}`))),
    );
    expect(drawn.map((answer) => answer?.status)).toEqual(drawn.map(() => 201));
    const all = (await server(1).call("GET", path))?.body.items as Answer["body"][];
    const ports = all.flatMap(({ spec }) => spec.ports.flatMap((one: { nodePort?: number }) => one.nodePort ?? []));
    const ips = all.map(({ spec }) => spec.clusterIP);
    expect(ports).toHaveLength(wanted.length + 60);
    expect(new Set(ports).size).toBe(ports.length);
    expect(new Set(ips).size).toBe(ips.length);
    // A port that its service gives back is free again, on the other server, too.
    const owner = all.find(({ spec }) => spec.ports[0].nodePort === wanted[0]);
    await server(0).call("DELETE", `${path}/${owner.metadata.name}`);
    expect((await server(1).call("POST", path, service("again", wanted[0])))?.status).toBe(201);
  });

  it("any one part dies under load: nothing acknowledged is lost, and who tries again succeeds", {
    timeout: 110_000,
  }, async () => {
    const load = new Load(() => servers);
    const running = load.run();
    const progress = async (writes: number) => {
      const goal = load.acknowledged + writes;
      await eventually(
        async () => load.acknowledged,
        (count) => count >= goal,
        60_000,
      );
    };
    await progress(100);
    const from = (await server(0).call("GET", configMaps))?.body.metadata.resourceVersion;
    const told = [watched(0, from), watched(1, from)];
    for (const member of [0, 1, 2]) {
      await etcd.kill(member);
      await progress(60);
      await etcd.restart(member);
      await progress(60);
    }
    // Both have told the same history up to here, each change once.
    const upTo = Number((await server(0).call("GET", configMaps))?.body.metadata.resourceVersion);
    await eventually(
      async () => told.map((changes) => changes.at(-1)?.revision ?? 0),
      (newest) => newest.every((revision) => revision >= upTo),
    );
    const [first, second] = told.map((changes) => changes.filter(({ revision }) => revision <= upTo));
    expect(first).toEqual(second);
    expect(first?.length).toBeGreaterThan(300);
    const revisions = first?.map(({ revision }) => revision) ?? [];
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    for (const at of [0, 1] as const) {
      await server(at).kill("SIGKILL");
      await progress(60);
      await start(at);
      await progress(60);
    }
    load.stop();
    await running;
    const lists = await Promise.all(
      [0, 1].map((at) => server(at).call("GET", `${configMaps}?labelSelector=load%3Dyes`)),
    );
    const states = lists.map((list) =>
      Object.fromEntries(list?.body.items.map((item: Answer["body"]) => [item.metadata.name, item.data.value])),
    );
    expect(states[0]).toEqual(states[1]);
    expect(states[0]).toEqual(Object.fromEntries(load.last));
  });

  it("one that stops takes its address from the kubernetes service; one that was killed is forgotten", {
    timeout: 60_000,
  }, async () => {
    await eventually(
      () => endpoints(0),
      (listed) => listed.length === 2,
    );
    expect((await server(1).kill("SIGTERM")).code).toBe(0);
    expect(await endpoints(0)).toEqual([addresses[0]]);
    await start(1);
    expect(await endpoints(0)).toEqual([...addresses]);
    await server(1).kill("SIGKILL");
    await eventually(
      () => endpoints(0),
      (listed) => listed.length === 1,
      45_000,
    );
  });
});

/** Writers that each count up one object, on whichever server answers, and try again until they are told that it is done. */
class Load {
  acknowledged = 0;
  /** The value that was acknowledged last, by name. */
  readonly last = new Map<string, string>();
  readonly #servers: () => readonly ServerProcess[];
  #stopped = false;

  constructor(servers: () => readonly ServerProcess[]) {
    this.#servers = servers;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: writersCount }, (_, writer) => this.#write(`load-${writer}`)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(name: string): Promise<void> {
    const metadata = { name, labels: { load: "yes" } };
    await this.#until("POST", configMaps, { metadata, data: { value: "0" } }, [201, 409]);
    for (let n = 1; !this.#stopped; n++) {
      const answer = await this.#until("PATCH", `${configMaps}/${name}`, { data: { value: String(n) } }, [200]);
      expect(answer.body.data.value).toBe(String(n));
      this.last.set(name, String(n));
      this.acknowledged++;
    }
  }

  /** 409 is what a create says that had been done when its answer was lost. */
  async #until(method: string, path: string, body: unknown, done: readonly number[]): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const servers = this.#servers();
      const answer = await servers[attempt % servers.length]?.call(method, path, body);
      if (answer !== undefined && done.includes(answer.status)) return answer;
      const mayRetry = answer === undefined || answer.status >= 500 || answer.status === 429 || answer.status === 409;
      expect(mayRetry, JSON.stringify(answer)).toBe(true);
      await sleep(50);
    }
  }
}
