import { readFileSync } from "node:fs";

interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: "repeated";
  readonly keyType?: string;
}

interface Entry {
  readonly fields?: Record<string, Field>;
  readonly values?: Record<string, number>;
  readonly methods?: Record<string, { requestType: string; responseType: string; responseStream?: boolean }>;
  readonly nested?: Record<string, Entry>;
}

const packagePath = ["runtime", "v1"] as const;

/** The kubelet's calls; of the rest of the interface nothing is kept. */
const calls: Readonly<Record<string, readonly string[]>> = {
  RuntimeService: [
    "Version",
    "RunPodSandbox",
    "StopPodSandbox",
    "RemovePodSandbox",
    "PodSandboxStatus",
    "ListPodSandbox",
    "CreateContainer",
    "StartContainer",
    "StopContainer",
    "RemoveContainer",
    "ListContainers",
    "ContainerStatus",
    "UpdateContainerResources",
    "ReopenContainerLog",
    "ExecSync",
    "Exec",
    "Attach",
    "PortForward",
    "ContainerStats",
    "ListContainerStats",
    "UpdateRuntimeConfig",
    "Status",
    "GetContainerEvents",
    "RuntimeConfig",
  ],
  ImageService: ["ListImages", "ImageStatus", "PullImage", "RemoveImage", "ImageFsInfo"],
};

/** The container runtime interface as a protobufjs descriptor: fields in camelCase, without Windows and without options. */
export function buildCriDescriptor(file: string): object {
  let entries: Record<string, Entry> = JSON.parse(readFileSync(file, "utf8")).nested;
  for (const name of packagePath) entries = entries[name]?.nested ?? {};
  const kept: Record<string, object> = {};
  const wanted: string[] = [];
  for (const [service, names] of Object.entries(calls)) {
    const methods: Record<string, object> = {};
    for (const name of names) {
      const method = entries[service]?.methods?.[name];
      if (method === undefined) throw new Error(`the container runtime interface has no ${service}.${name}`);
      const { requestType, responseType, responseStream } = method;
      methods[name] = { requestType, responseType, ...(responseStream === true ? { responseStream } : {}) };
      wanted.push(requestType, responseType);
    }
    kept[service] = { methods };
  }
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const entry = entries[name];
    if (entry === undefined || kept[name] !== undefined) continue;
    kept[name] = compact(entry, wanted);
  }
  const sorted = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)));
  return packagePath.reduceRight<object>((nested, name) => ({ nested: { [name]: nested } }), { nested: sorted });
}

function compact({ fields, values, nested }: Entry, wanted: string[]): object {
  if (values !== undefined) return { values };
  const kept: Record<string, object> = {};
  for (const [name, { type, id, rule, keyType }] of Object.entries(fields ?? {})) {
    if (type.startsWith("Windows")) continue;
    wanted.push(type);
    kept[camelCase(name)] = {
      ...(rule === undefined ? {} : { rule }),
      ...(keyType === undefined ? {} : { keyType }),
      type,
      id,
    };
  }
  const inner = Object.entries(nested ?? {}).map(([name, entry]) => [name, compact(entry, wanted)]);
  return { fields: kept, ...(inner.length === 0 ? {} : { nested: Object.fromEntries(inner) }) };
}

function camelCase(name: string): string {
  return name.replace(/_([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase());
}
