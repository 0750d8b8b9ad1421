import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const program = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
  readonly body: any;
}

/** `sampan apiserver` on a folder, as a process of its own. */
export class ServerProcess {
  readonly exited: Promise<Exit>;
  url = "";
  #agent = new Agent();
  readonly #child: ChildProcess;
  #stderr = "";

  /**
   * @param home where its kubeconfig goes
   * @param flags after the others, which they replace
   */
  constructor(home: string, dataDir: string, flags: readonly string[] = []) {
    const kubeconfig = join(home, "kubeconfig");
    const args = [
      "apiserver",
      "--port",
      "0",
      "--output",
      "json",
      "--data-dir",
      dataDir,
      "--kubeconfig",
      kubeconfig,
      ...flags,
    ];
    this.#child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.exited = once(this.#child, "close").then(([code, signal]) => {
      this.#agent.destroy();
      return { code, signal, stderr: this.#stderr };
    });
    this.ready = this.#ready(kubeconfig);
    this.ready.catch(() => {}); // whoever waits for it is told
  }

  readonly ready: Promise<void>;

  async #ready(kubeconfig: string): Promise<void> {
    let stdout = "";
    this.#child.stdout?.setEncoding("utf8");
    const line = new Promise<string>((resolve) => {
      this.#child.stdout?.on("data", (text: string) => {
        stdout += text;
        const end = stdout.indexOf("\n");
        if (end >= 0) resolve(stdout.slice(0, end));
      });
    });
    const first = await Promise.race([line, this.exited]);
    if (typeof first !== "string") throw new Error(`it ended with ${first.code ?? first.signal}: ${first.stderr}`);
    this.url = (JSON.parse(first) as { url: string }).url;
    const config = parse(readFileSync(kubeconfig, "utf8"));
    const decode = (text: string) => Buffer.from(text, "base64");
    this.#agent = new Agent({
      ca: decode(config.clusters[0].cluster["certificate-authority-data"]),
      cert: decode(config.users[0].user["client-certificate-data"]),
      key: decode(config.users[0].user["client-key-data"]),
      keepAlive: true,
      maxSockets: 32,
    });
  }

  /** Undefined when there was no answer. */
  call(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const headers = { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
      const sent = request(new URL(path, this.url), { method, agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text.startsWith("{") ? JSON.parse(text) : text });
        });
        response.on("error", () => resolve(undefined));
      });
      sent.on("error", () => resolve(undefined));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The events of a watch, line by line, until it ends or is cut. Fails with what `onEvent` throws. */
  watch(
    path: string,
    onEvent: (event: { type: string; object: Answer["body"] }) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const agent = new Agent({ ...this.#agent.options });
      const sent = request(new URL(path, this.url), { agent, signal }, (response) => {
        let rest = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          const lines = (rest + text).split("\n");
          rest = lines.pop() ?? "";
          try {
            for (const line of lines) onEvent(JSON.parse(line));
          } catch (error) {
            reject(error);
            response.destroy();
          }
        });
        response.on("error", () => {});
        response.on("close", () => resolve());
      });
      sent.on("error", () => resolve());
      sent.end();
    });
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }
}
