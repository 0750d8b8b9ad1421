// A real etcd cluster of Debian's package, on free loopback ports, its data in memory where the machine has such a folder.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { missing } from "../../support/requires.ts";

/** Why tests with etcd cannot run here; undefined when they can. */
export const withoutEtcd = missing({ programs: { etcd: "etcd-server", etcdctl: "etcd-client" } });

const startsMax = 3;

interface Member {
  readonly name: string;
  readonly clientUrl: string;
  readonly args: readonly string[];
  process: ChildProcess | undefined;
}

export interface EtcdClusterOptions {
  readonly members?: number;
  /** Data of a single member that is there already, as `etcdctl snapshot restore` made it. */
  readonly dataDir?: string;
  /** Serves clients over TLS and asks them for certificates: paths of PEM files. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

export class EtcdCluster {
  readonly dir: string;
  readonly #members: Member[] = [];
  #log = "";

  private constructor() {
    this.dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sampan-etcd-"));
  }

  static async start(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = new EtcdCluster();
      try {
        await cluster.#start(options);
        return cluster;
      } catch (error) {
        await cluster.stop();
        // Between choosing a port and listening on it somebody else may have taken it.
        if (attempt === startsMax || !cluster.#log.includes("address already in use")) throw error;
      }
    }
  }

  /** The clients' URLs of all members, also of those that are stopped. */
  get urls(): string[] {
    return this.#members.map(({ clientUrl }) => clientUrl);
  }

  /** Ends one member at once. */
  async kill(at: number, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const member = this.#members[at];
    const running = member?.process;
    if (member === undefined || running === undefined) return;
    member.process = undefined;
    const exited = once(running, "exit");
    running.kill(signal);
    await exited;
  }

  /** SIGSTOP: the member hangs, its connections stay. SIGCONT: it goes on. */
  signal(at: number, signal: "SIGSTOP" | "SIGCONT"): void {
    this.#members[at]?.process?.kill(signal);
  }

  /** Starts a member again that was ended; it continues with its data. */
  async restart(at: number): Promise<void> {
    const member = this.#members[at];
    if (member === undefined) throw new Error(`no member ${at}`);
    this.#spawn(member);
    await this.#untilHealthy(member);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((_, at) => this.kill(at)));
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #start({ members: count = 1, tls, dataDir }: EtcdClusterOptions): Promise<void> {
    const scheme = tls === undefined ? "http" : "https";
    const ports = await freePorts(2 * count);
    const peers = ports.slice(count).map((port, i) => `m${i}=http://127.0.0.1:${port}`);
    for (let i = 0; i < count; i++) {
      const clientUrl = `${scheme}://127.0.0.1:${ports[i]}`;
      const peerUrl = `http://127.0.0.1:${ports[count + i]}`;
      const name = `m${i}`;
      const args = [
        ...["--name", name, "--data-dir", dataDir ?? join(this.dir, name), "--log-level", "error"],
        ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
        ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
        ...["--initial-cluster", peers.join(","), "--initial-cluster-state", "new"],
        ...(tls
          ? ["--cert-file", tls.cert, "--key-file", tls.key, "--trusted-ca-file", tls.ca, "--client-cert-auth"]
          : []),
      ];
      const member: Member = { name, clientUrl, args, process: undefined };
      this.#members.push(member);
      this.#spawn(member);
    }
    if (tls === undefined) await Promise.all(this.#members.map((member) => this.#untilHealthy(member)));
  }

  #spawn(member: Member): void {
    member.process = spawn("etcd", member.args, { stdio: ["ignore", "ignore", "pipe"] });
    member.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-4_000);
    });
  }

  async #untilHealthy({ clientUrl, name }: Member): Promise<void> {
    const health = async () => {
      try {
        return await (await fetch(`${clientUrl}/health`)).text();
      } catch (error) {
        return String(error);
      }
    };
    try {
      const answer = await eventually(
        health,
        (text) => text.includes('"true"') || this.#log.includes("already in use"),
      );
      if (!answer.includes('"true"')) throw new Error(answer);
    } catch (error) {
      throw new Error(`etcd member ${name} does not start: ${this.#log}`, { cause: error });
    }
  }
}

/** Ports that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
