// One etcd from Debian's etcd-server as a child process, on free loopback ports, with its data in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { systemHost } from "../src/host/index.ts";
import { EtcdConnection } from "../src/store/etcd/connection.ts";

export interface EtcdMember {
  readonly pid: number;
  /** Connections of their own, so that one client's stream of calls does not wait for another's. */
  connect(): EtcdConnection;
  stop(): Promise<void>;
}

/** Undefined when there is no etcd on this machine. */
export async function startEtcd(dir: string): Promise<EtcdMember | undefined> {
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const args = ["--name", "bench", "--data-dir", dir, "--log-level", "error", "--quota-backend-bytes", "8589934592"];
  args.push("--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peerUrl);
  args.push("--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `bench=${peerUrl}`);
  const child = spawn("etcd", args, { stdio: "ignore" });
  const started = await Promise.race([once(child, "spawn").then(() => true), once(child, "error").then(() => false)]);
  if (!started || child.pid === undefined) return undefined;
  const host = systemHost({ log: { level: "warn" } });
  const connect = () => new EtcdConnection(host, [url], {});
  const first = connect();
  await first.call("Maintenance", "Status", {}, "read"); // asks until it answers
  first.close();
  return { pid: child.pid, connect, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGTERM");
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
