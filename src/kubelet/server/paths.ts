import { Refusal } from "./refusal.ts";

/** A request's path and query, taken apart. */
export interface Target {
  readonly path: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** @throws Refusal when the path cannot be read. */
export function targetOf(url: string): Target {
  const question = url.indexOf("?");
  const raw = question < 0 ? url : url.slice(0, question);
  try {
    const parts = raw
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    return { path: raw, parts, query: new URLSearchParams(question < 0 ? "" : url.slice(question + 1)) };
  } catch {
    throw new Refusal(400, "invalid URL escape");
  }
}

/** What a path of streams names: `/exec/NAMESPACE/POD[/UID]/CONTAINER`. */
export interface ContainerPath {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  readonly container: string;
}

export function containerPath(parts: readonly string[]): ContainerPath | undefined {
  const [, namespace, pod, third, fourth] = parts;
  if (namespace === undefined || pod === undefined || third === undefined || parts.length > 5) return undefined;
  if (fourth === undefined) return { namespace, pod, uid: undefined, container: third };
  return { namespace, pod, uid: third, container: fourth };
}
