import { parseDuration } from "../../../api/meta/index.ts";
import { containerNameLabel, containerRoleAnnotation, restartPolicyAnnotation } from "../labels.ts";
import type { ContainerConfig, StringMap } from "../runtime.ts";
import { parseImageName } from "./images.ts";
import { baseName, isInteractiveShell, isKnownProgram, isServer, isShell } from "./shell/index.ts";

/** What a container of the simulation does. */
export type Behaviour =
  /** Ends by itself, or (Infinity) runs until it is stopped. */
  | { readonly kind: "opaque"; readonly endsAfterMs: number; readonly exitCode: number }
  /** Its command is one that the simulation understands. */
  | { readonly kind: "program"; readonly argv: readonly string[] };

export interface ImageScript {
  /** Image name with or without tag; the first that matches counts. */
  readonly image: string;
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  readonly pullMs?: number;
  readonly pullError?: string;
}

const prefix = "sampan.dev/";
/** Images whose default program is a shell: without a terminal it ends at once. */
const shellImages = ["busybox", "alpine", "ubuntu", "debian", "bash", "centos", "fedora", "rockylinux"];
/** Images whose entrypoint is a program that does one thing. */
const entrypoints: Readonly<Record<string, readonly string[]>> = {
  "curlimages/curl": ["curl"],
  "library/hello-world": ["echo", "Hello from Docker!"],
};
/** How long a program runs to its end that the simulation knows nothing of. */
export const completionMs = 1000;

/** `sampan.dev/NAME.CONTAINER`, else `sampan.dev/NAME`. */
export function annotationFor(annotations: StringMap | undefined, name: string, container: string): string | undefined {
  return annotations?.[`${prefix}${name}.${container}`] ?? annotations?.[prefix + name];
}

/** A duration as `5s` or `1m30s`; undefined when absent or none. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

/**
 * Chooses in this order: the pod's annotations (`sampan.dev/exit-after`, `sampan.dev/exit-code`), the node's scripts for
 * the image, a command that is understood, and else an opaque program. That one runs until it is stopped, but as an
 * init container or in a pod that is not always restarted it completes, as it would have to.
 */
export function behaviourOf(
  config: ContainerConfig,
  podAnnotations: StringMap,
  scripts: readonly ImageScript[],
): Behaviour {
  const name = config.labels[containerNameLabel] ?? config.metadata.name;
  const afterMs = durationMs(annotationFor(podAnnotations, "exit-after", name));
  const code = annotationFor(podAnnotations, "exit-code", name);
  if (afterMs !== undefined || code !== undefined) {
    return { kind: "opaque", endsAfterMs: afterMs ?? 0, exitCode: Number(code ?? 0) & 0xff };
  }
  const script = scriptFor(config.image.image, scripts);
  if (script?.exitAfterMs !== undefined || script?.exitCode !== undefined) {
    return { kind: "opaque", endsAfterMs: script.exitAfterMs ?? 0, exitCode: script.exitCode ?? 0 };
  }
  const argv = argvOf(config);
  // A shell that nobody gave a script waits for what is typed.
  if (config.stdin === true && isInteractiveShell(argv)) {
    return { kind: "opaque", endsAfterMs: Number.POSITIVE_INFINITY, exitCode: 0 };
  }
  if (argv.length > 0 && (isShell(argv) || isKnownProgram(argv))) {
    return { kind: "program", argv };
  }
  return { kind: "opaque", ...unknownProgram(config) };
}

/** What a program does of which nothing is known. */
export function unknownProgram(config: ContainerConfig): { endsAfterMs: number; exitCode: number } {
  return { endsAfterMs: runsToCompletion(config) ? completionMs : Number.POSITIVE_INFINITY, exitCode: 0 };
}

export function scriptFor(image: string, scripts: readonly ImageScript[]): ImageScript | undefined {
  return scripts.find((script) => image === script.image || image.startsWith(`${script.image}:`));
}

/** What the container runs, as far as it is known. */
export function argvOf(config: ContainerConfig): readonly string[] {
  const { command = [], args = [] } = config;
  if (command.length > 0) return [...command, ...args];
  const image = parseImageName(config.image.image);
  const path = image?.path ?? "";
  if (baseName(path) === "agnhost") return ["/agnhost", ...(args.length > 0 ? args : ["pause"])];
  const entrypoint = entrypoints[path];
  if (entrypoint !== undefined) return [...entrypoint, ...args];
  if (!shellImages.includes(baseName(path))) return [];
  if (args.length > 0) return args;
  return config.tty === true && config.stdin !== true ? [] : ["sh"];
}

function runsToCompletion(config: ContainerConfig): boolean {
  const role = config.annotations[containerRoleAnnotation];
  if (role === "sidecar") return false;
  const server = isServer(baseName(parseImageName(config.image.image)?.path ?? ""));
  return role === "init" || (config.annotations[restartPolicyAnnotation] !== "Always" && !server);
}
