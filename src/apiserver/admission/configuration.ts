import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { parseYaml } from "../../api/codec/index.ts";
import { AdmissionConfigError } from "./config-error.ts";
import { admissionPluginNames } from "./plugins.ts";

interface PluginEntry {
  readonly name?: string;
  readonly path?: string;
  readonly configuration?: unknown;
}

/**
 * Reads an AdmissionConfiguration: the configuration of each plugin that it names, written there or in a file of its own,
 * whose path is relative to this one.
 * @throws AdmissionConfigError
 */
export async function readAdmissionConfiguration(file: string): Promise<ReadonlyMap<string, unknown>> {
  const {
    apiVersion,
    kind,
    plugins = [],
  } = (await readDocument(file)) as {
    apiVersion?: string;
    kind?: string;
    plugins?: readonly PluginEntry[];
  };
  if (kind !== "AdmissionConfiguration" || !apiVersion?.startsWith("apiserver.config.k8s.io/")) {
    throw new AdmissionConfigError(`${file} is no AdmissionConfiguration of apiserver.config.k8s.io/v1`);
  }
  const configurations = new Map<string, unknown>();
  for (const { name = "", path, configuration } of plugins) {
    if (!admissionPluginNames.includes(name))
      throw new AdmissionConfigError(`${file}: plugin ${JSON.stringify(name)} is unknown`);
    const found = path ? await readDocument(resolve(dirname(file), path)) : configuration;
    configurations.set(name, await withKubeconfig(file, found));
  }
  return configurations;
}

/** The webhook plugins' part names a kubeconfig: it is read with it. */
async function withKubeconfig(file: string, configuration: unknown): Promise<unknown> {
  if (typeof configuration !== "object" || configuration === null) return configuration;
  const { kind, kubeConfigFile } = configuration as { kind?: unknown; kubeConfigFile?: unknown };
  if (kind !== "WebhookAdmissionConfiguration" && kind !== "WebhookAdmission") return configuration;
  if (typeof kubeConfigFile !== "string" || kubeConfigFile === "") return configuration;
  if (!isAbsolute(kubeConfigFile)) {
    const value = JSON.stringify(kubeConfigFile);
    throw new AdmissionConfigError(`${file}: kubeConfigFile: Invalid value: ${value}: must be an absolute file path`);
  }
  return { ...configuration, kubeconfig: await readDocument(kubeConfigFile) };
}

async function readDocument(file: string): Promise<object> {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    throw new AdmissionConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const { value } = await parseYaml(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new AdmissionConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new AdmissionConfigError(`${file} holds no object`);
}
