// Pods that run a script on a real node: what it printed, or a hand in it while it runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod } from "../../src/api/types/index.ts";
import { resources } from "../../src/index.ts";
import { isReady, type RealNodeBox } from "./containerd/index.ts";
import { eventually } from "./eventually.ts";

type Spec = NonNullable<Pod["spec"]>;

export interface PodRun {
  readonly script?: string;
  /** Mounted at /v. */
  readonly volume?: object;
  readonly mount?: object;
  readonly container?: Partial<Container>;
  readonly spec?: Partial<Spec>;
  readonly metadata?: Pod["metadata"];
}

/** Pods of one namespace on a real node; they are deleted with their test. */
export class PodRuns {
  readonly #box: RealNodeBox;
  readonly namespace: string;
  #count = 0;

  constructor(box: RealNodeBox, namespace: string) {
    this.#box = box;
    this.namespace = namespace;
  }

  /** What the script prints until it ends; fails when it ends badly. */
  async output(run: PodRun): Promise<string> {
    const name = await this.#create(run, "Never");
    const pod = await this.#box.podUntil(this.namespace, name, ({ status }) => isOver(status?.phase));
    if (pod.status?.phase !== "Succeeded") throw new Error(JSON.stringify(pod.status?.containerStatuses));
    const text = this.#log(pod);
    await this.#box.delete(this.namespace, name, 0);
    return text.trim();
  }

  /** A pod that goes on; gives a shell in it. */
  async running(run: PodRun): Promise<Shell> {
    const name = await this.#create({ script: "sleep 1000", ...run }, "Always");
    const pod = await this.#box.podUntil(this.namespace, name, isReady);
    return new Shell(this.#box, pod);
  }

  /** A pod that cannot start: waits for an event or a waiting message with this text. */
  async refused(run: PodRun, message: string): Promise<string> {
    const name = await this.#create({ script: "true", ...run }, "Never");
    const told = async (): Promise<string> => {
      const pod = await this.#box.pod(this.namespace, name);
      const waiting = pod?.status?.containerStatuses?.map(({ state }) => state?.waiting?.message) ?? [];
      return [...(await this.#box.events(this.namespace, name)), ...waiting].join("\n");
    };
    await eventually(told, (text) => text.includes(message));
    return name;
  }

  async configMap(name: string, data: Record<string, string>, more: object = {}): Promise<void> {
    const metadata = { name, namespace: this.namespace };
    await this.#box.client.resource(resources.configmaps).create({ metadata, data, ...more });
  }

  async secret(name: string, stringData: Record<string, string>): Promise<void> {
    const entries = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const metadata = { name, namespace: this.namespace };
    await this.#box.client.resource(resources.secrets).create({ metadata, data: Object.fromEntries(entries) });
  }

  async #create({ script, volume, mount, container, spec, metadata }: PodRun, restartPolicy: string): Promise<string> {
    const name = `p${++this.#count}`;
    const { client } = this.#box;
    await client.resource(resources.pods).create({
      metadata: { ...metadata, name, namespace: this.namespace },
      spec: {
        nodeName: (await this.#box.node()).metadata.name,
        restartPolicy,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "c",
            image: "docker.io/library/busybox:latest",
            imagePullPolicy: "Never",
            ...(script === undefined ? {} : { command: ["sh", "-c", script] }),
            ...(volume === undefined ? {} : { volumeMounts: [{ name: "v", mountPath: "/v", ...mount }] }),
            ...container,
          },
        ],
        ...(volume === undefined ? {} : { volumes: [{ name: "v", ...volume }] }),
        ...spec,
      },
    });
    return name;
  }

  /** Lines as the runtime writes them: time, stream, whole or part, text. */
  #log({ metadata }: Pod): string {
    const folder = `${metadata.namespace}_${metadata.name}_${metadata.uid}`;
    const text = readFileSync(join(this.#box.logsDir, folder, "c", "0.log"), "utf8");
    return text.replace(/^\S+ \S+ \S ?/gm, "");
  }
}

/** A hand in a container that runs. */
export class Shell {
  readonly #box: RealNodeBox;
  readonly pod: Pod;

  constructor(box: RealNodeBox, pod: Pod) {
    this.#box = box;
    this.pod = pod;
  }

  async run(script: string, container = "c"): Promise<string> {
    return (await this.#box.exec(this.pod, container, "sh", "-c", script)).trim();
  }

  /** Until the script prints this. */
  async until(script: string, wanted: string, container = "c"): Promise<void> {
    await eventually(
      () => this.run(script, container),
      (text) => text === wanted,
    );
  }
}

function isOver(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
