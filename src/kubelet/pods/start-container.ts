import type { Container, Lifecycle, LifecycleHandler, Pod } from "../../api/types/index.ts";
import { sleep } from "../../host/index.ts";
import type { GivenDevices } from "../devices/index.ts";
import { authsFor, pullSecretsOf } from "../images/pull-secrets.ts";
import { type ContainerRole, type ObservedSandbox, podUid } from "../pod-worker/index.ts";
import { portNumber } from "../probes/prober.ts";
import { runtimeWords } from "../runtime/error-text.ts";
import { containerNameLabel } from "../runtime/labels.ts";
import type { Mount, NamespaceOptions, PodSandboxConfig, UserNamespace } from "../runtime/runtime.ts";
import { type Environment, VolumeError } from "../volumes/index.ts";
import { containerConfig, sandboxConfig } from "./configs.ts";
import { EnvironmentError, environmentOf } from "./environment.ts";
import { ensureImageVolumes } from "./image-volumes.ts";
import type { NodePorts } from "./node-ports.ts";
import { checkNonRoot, SecurityError } from "./security.ts";
import { StartError } from "./start-error.ts";

export interface StartRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly role: ContainerRole;
  readonly attempt: number;
  readonly sandbox: ObservedSandbox;
  readonly signal: AbortSignal;
}

export interface Started {
  readonly id: string;
  /** Its postStart hook failed: it is to be ended. */
  readonly hookFailed: boolean;
}

/** Pulls, makes and starts one container and runs its postStart hook. @throws StartError */
export async function startContainer(ports: NodePorts, request: StartRequest): Promise<Started> {
  const { pod, container } = request;
  try {
    return await start(ports, request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    const failure = error instanceof StartError ? error : new StartError("RunContainerError", runtimeWords(error));
    const isImage = ["ErrImageNeverPull", "InvalidImageName", "ErrImagePull", "ImagePullBackOff"].includes(
      failure.reason,
    );
    const message = `Error: ${isImage ? failure.reason : failure.message}`;
    ports.record(pod, { type: "Warning", reason: "Failed", message, container: container.name });
    throw failure;
  }
}

async function start(ports: NodePorts, request: StartRequest): Promise<Started> {
  const { pod, container, role, attempt, sandbox, signal } = request;
  const { runtime } = ports;
  const { name } = container;
  const record = ports.record.bind(ports, pod);
  const users = usersOf(ports, pod);
  const config = sandboxConfig(pod, sandbox.attempt, ports.machine, users);
  const auths = (image: string) => authsOf(ports, request, image);
  const imageRequest = { container, podUid: podUid(pod), sandbox: config, signal, record, auths };
  await ports.images.ensure(imageRequest);
  const given = await givenDevices(ports, request);
  const envs = [...(given?.envs ?? []), ...(await environment(ports, request))];
  await checkUser(ports, pod, container);
  signal.throwIfAborted();
  const mounts = withUsers(await mountsOf(ports, request, envs), users);
  await ensureImageVolumes(ports, pod, mounts, imageRequest);
  const namespaces = await namespacesOf(ports, request, config);
  const devices = await devicesOf(ports, request);
  const bare = containerConfig(pod, container, role, attempt, envs, ports.machine);
  const made = {
    ...bare,
    annotations: { ...bare.annotations, ...given?.annotations },
    mounts: [...(given?.mounts ?? []), ...mounts],
    devices: [...devices, ...(given?.devices ?? [])],
    cdiDevices: given?.cdiDevices,
    namespaces,
  };
  const id = await runtime.createContainer(sandbox.id, made, config).catch((error: unknown) => {
    throw new StartError("CreateContainerError", runtimeWords(error), { cause: error });
  });
  record({ type: "Normal", reason: "Created", message: "Container created", container: name });
  await runtime.startContainer(id);
  await ports.machine?.files.linkLog(pod, container, id, attempt);
  record({ type: "Normal", reason: "Started", message: "Container started", container: name });
  const hook = container.lifecycle?.postStart;
  if (hook === undefined) return { id, hookFailed: false };
  const problem = await runHook(ports, { pod, container, id, podIP: sandbox.ips[0] ?? "", hook, timeoutSeconds: 0 });
  if (problem === undefined) return { id, hookFailed: false };
  record({ type: "Warning", reason: "FailedPostStartHook", message: "PostStartHook failed", container: name });
  return { id, hookFailed: true };
}

/** The users of the pod, which it got with its sandbox. */
function usersOf({ machine }: NodePorts, pod: Pod): UserNamespace | undefined {
  if (machine === undefined || pod.spec?.hostUsers !== false) return undefined;
  const users = machine.userNamespaces.of(pod);
  if (users !== undefined) return users;
  // Its containers would be the machine's root.
  throw new StartError("CreateContainerConfigError", "the IDs of the pod's user namespace are not known");
}

/** Files belong within the pod to whom they belong outside, by number: the runtime maps the IDs of each mount. */
function withUsers(mounts: readonly Mount[], users: UserNamespace | undefined): readonly Mount[] {
  if (users === undefined) return mounts;
  return mounts.map((mount) => ({ ...mount, uidMappings: users.uids, gidMappings: users.gids }));
}

/** A debugging container sees the processes of the one it is for; all others have their sandbox's. */
async function namespacesOf(
  { runtime, machine }: NodePorts,
  { pod, container, sandbox }: StartRequest,
  { linux }: PodSandboxConfig,
): Promise<NamespaceOptions | undefined> {
  const debugging = pod.spec?.ephemeralContainers?.find(({ name }) => name === container.name);
  const target = debugging?.targetContainerName;
  if (machine === undefined || !target || linux?.namespaces.pid !== "container") return undefined;
  const labels = { [containerNameLabel]: target };
  const [found] = await runtime.listContainers({ podSandboxId: sandbox.id, state: "running", labels });
  if (found !== undefined) return { ...linux.namespaces, pid: "target", targetId: found.id };
  throw new StartError("CreateContainerConfigError", `unable to find target container "${target}"`);
}

async function authsOf(ports: NodePorts, { pod, container }: StartRequest, image: string) {
  const { secrets, missing } = await pullSecretsOf(pod, ports.references);
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
    ports.record(pod, {
      type: "Warning",
      reason: "FailedToRetrieveImagePullSecret",
      message,
      container: container.name,
    });
  }
  return authsFor(image, secrets);
}

async function environment(ports: NodePorts, { pod, container, sandbox }: StartRequest) {
  const { references, hostIPs, volumes } = ports;
  const podIPs = pod.spec?.hostNetwork === true ? hostIPs : sandbox.ips;
  const services = (await ports.services?.of(pod)) ?? [];
  const allocatable = ports.allocatable();
  const readVolumeFile = (name: string, path: string) => volumes.readText(pod, name, path);
  try {
    const input = { pod, container, podIPs, hostIPs, references, services, allocatable, readVolumeFile };
    return await environmentOf(input);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof VolumeError)
      throw new StartError("CreateContainerConfigError", error.message);
    throw error;
  }
}

async function checkUser({ machine, runtime }: NodePorts, pod: Pod, container: Container): Promise<void> {
  const isAsked = container.securityContext?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot;
  const user = container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
  // Of a simulated image nobody knows whom it names: only what the pod says can break its promise.
  if (isAsked !== true || (machine === undefined && user === undefined)) return;
  try {
    checkNonRoot(pod, container, await runtime.imageStatus({ image: container.image ?? "" }));
  } catch (error) {
    if (error instanceof SecurityError) throw new StartError("CreateContainerConfigError", error.message);
    throw error;
  }
}

/** What plugins have for the container. */
async function givenDevices(
  { machine }: NodePorts,
  { pod, container }: StartRequest,
): Promise<GivenDevices | undefined> {
  try {
    return await machine?.devices.given(pod, container);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError("CreateContainerConfigError", `Allocate failed due to ${why}`, { cause: error });
  }
}

async function devicesOf(ports: NodePorts, { pod, container }: StartRequest) {
  try {
    return await ports.volumes.devicesFor(pod, container);
  } catch (error) {
    if (error instanceof VolumeError) throw new StartError("CreateContainerConfigError", error.message);
    throw error;
  }
}

async function mountsOf(ports: NodePorts, { pod, container, sandbox }: StartRequest, envs: Environment) {
  try {
    const volumes = await ports.volumes.mountsFor(pod, container, envs);
    if (ports.machine === undefined) return volumes;
    const addresses = pod.spec?.hostNetwork === true ? ports.hostIPs : sandbox.ips;
    return [...volumes, ...(await ports.machine.files.mountsFor(pod, container, addresses))];
  } catch (error) {
    if (error instanceof VolumeError) throw new StartError("CreateContainerConfigError", error.message);
    throw error;
  }
}

export interface HookRun {
  readonly pod: Pod;
  readonly container: Container;
  readonly id: string;
  readonly podIP: string;
  readonly hook: LifecycleHandler & NonNullable<Lifecycle["postStart"]>;
  /** 0 for as long as it takes. */
  readonly timeoutSeconds: number;
}

/** Runs a hook; gives what went wrong, or undefined. */
export async function runHook(ports: NodePorts, run: HookRun): Promise<string | undefined> {
  const { pod, container, id, podIP, hook, timeoutSeconds } = run;
  try {
    if (hook.exec !== undefined) {
      const { exitCode } = await ports.runtime.execSync(id, hook.exec.command ?? [], timeoutSeconds);
      return exitCode === 0 ? undefined : `command '${hook.exec.command?.join(" ")}' exited with ${exitCode}`;
    }
    if (hook.sleep !== undefined) {
      const seconds = timeoutSeconds > 0 ? Math.min(hook.sleep.seconds, timeoutSeconds) : hook.sleep.seconds;
      await sleep(ports.host.clock, seconds * 1000);
      return undefined;
    }
    const target = { pod, container, containerId: id, startedAtMs: ports.host.clock.now(), podIP };
    if (hook.httpGet !== undefined) {
      const { result, output } = await ports.network.http(hook.httpGet, target, timeoutSeconds);
      return result === "success" ? undefined : output;
    }
    if (hook.tcpSocket !== undefined) {
      const port = portNumber(container, hook.tcpSocket.port);
      const { result, output } = await ports.network.tcp(hook.tcpSocket.host ?? podIP, port, target, timeoutSeconds);
      return result === "success" ? undefined : output;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
