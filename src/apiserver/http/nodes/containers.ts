import { errors, type KubeObject } from "../../../api/meta/index.ts";

export interface PodContainers {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
    readonly ephemeralContainers?: readonly { readonly name: string }[];
  };
}

const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

/** The container asked for, or the only or preferred one. @throws ApiError 400 where it has to be named. */
export function containerOf(pod: KubeObject & PodContainers, asked: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const { name = "", annotations } = pod.metadata;
  if (asked !== undefined) {
    const known = [...containers, ...initContainers, ...ephemeralContainers].some((one) => one.name === asked);
    if (!known) throw errors.badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  const preferred = annotations?.[defaultContainerAnnotation];
  if (preferred !== undefined && containers.some((one) => one.name === preferred)) return preferred;
  const names = (list: readonly { name: string }[]): string => `[${list.map((one) => one.name).join(" ")}]`;
  let message = `a container name must be specified for pod ${name}, choose one of: ${names(containers)}`;
  if (initContainers.length > 0) message += ` or one of the init containers: ${names(initContainers)}`;
  if (ephemeralContainers.length > 0) message += ` or one of the ephemeral containers: ${names(ephemeralContainers)}`;
  throw errors.badRequest(message);
}
