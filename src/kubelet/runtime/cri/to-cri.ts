import type {
  ContainerConfig,
  ContainerFilter,
  ContainerSecurity,
  ImageAuth,
  ImageSpec,
  LinuxContainerResources,
  LinuxPodSandboxConfig,
  Mount,
  NamespaceMode,
  NamespaceOptions,
  PodSandboxConfig,
  SandboxFilter,
  SecurityProfile,
} from "../runtime.ts";

/** The kubelet's words as the interface's messages. */
export function sandboxMessage(config: PodSandboxConfig): object {
  const { linux, dnsConfig, portMappings, ...rest } = config;
  return {
    ...rest,
    ...(dnsConfig === undefined ? {} : { dnsConfig }),
    portMappings: portMappings ?? [],
    linux: linux === undefined ? undefined : linuxSandboxMessage(linux),
  };
}

function linuxSandboxMessage({ cgroupParent, namespaces, sysctls, security = {} }: LinuxPodSandboxConfig): object {
  return {
    cgroupParent,
    sysctls: sysctls ?? {},
    securityContext: {
      namespaceOptions: namespacesMessage(namespaces),
      runAsUser: int64(security.runAsUser),
      runAsGroup: int64(security.runAsGroup),
      supplementalGroups: security.supplementalGroups ?? [],
      supplementalGroupsPolicy: security.supplementalGroupsPolicy ?? "Merge",
      privileged: security.privileged ?? false,
      seccomp: profileMessage(security.seccomp),
      apparmor: profileMessage(security.apparmor),
    },
  };
}

const namespaceModes: Record<NamespaceMode, string> = {
  pod: "POD",
  container: "CONTAINER",
  node: "NODE",
  target: "TARGET",
};

function namespacesMessage({ network, pid, ipc, targetId, users }: NamespaceOptions): object {
  return {
    network: namespaceModes[network],
    pid: namespaceModes[pid],
    ipc: namespaceModes[ipc],
    targetId: targetId ?? "",
    usernsOptions: users === undefined ? { mode: "NODE" } : { mode: "POD", uids: users.uids, gids: users.gids },
  };
}

export function containerMessage(config: ContainerConfig, namespaces: NamespaceOptions | undefined): object {
  const { resources, security, mounts, stopSignal, envs, devices, cdiDevices, image, ...rest } = config;
  return {
    ...rest,
    image: imageMessage(image),
    // Bytes on the wire: a variable may hold what is no text.
    envs: (envs ?? []).map(({ key, value }) => ({ key, value: Buffer.from(value) })),
    devices: devices ?? [],
    CDIDevices: (cdiDevices ?? []).map((name) => ({ name })),
    mounts: (mounts ?? []).map(mountMessage),
    stopSignal: stopSignal === undefined ? "RUNTIME_DEFAULT" : stopSignal.replace("+", "PLUS").replace("-", "MINUS"),
    linux: {
      resources: resourcesMessage(resources ?? {}),
      securityContext: securityMessage(security ?? {}, namespaces),
    },
  };
}

function securityMessage(security: ContainerSecurity, namespaces: NamespaceOptions | undefined): object {
  return {
    capabilities: {
      addCapabilities: security.addCapabilities ?? [],
      dropCapabilities: security.dropCapabilities ?? [],
    },
    privileged: security.privileged ?? false,
    namespaceOptions: namespaces === undefined ? undefined : namespacesMessage(namespaces),
    selinuxOptions: security.seLinux,
    runAsUser: int64(security.runAsUser),
    runAsGroup: int64(security.runAsGroup),
    readonlyRootfs: security.readOnlyRootFilesystem ?? false,
    supplementalGroups: security.supplementalGroups ?? [],
    supplementalGroupsPolicy: security.supplementalGroupsPolicy ?? "Merge",
    noNewPrivs: security.noNewPrivileges ?? false,
    maskedPaths: security.maskedPaths ?? [],
    readonlyPaths: security.readonlyPaths ?? [],
    seccomp: profileMessage(security.seccomp),
    // Runtimes of before the typed field read only its older form.
    seccompProfilePath: oldProfile(security.seccomp),
    apparmor: profileMessage(security.apparmor),
    apparmorProfile: security.apparmor === undefined ? "" : oldAppArmor(security.apparmor),
  };
}

function profileMessage(profile: SecurityProfile | undefined): object | undefined {
  return profile === undefined ? undefined : { profileType: profile.type, localhostRef: profile.localhost ?? "" };
}

function oldProfile(profile: SecurityProfile | undefined): string {
  switch (profile?.type) {
    case "RuntimeDefault":
      return "runtime/default";
    case "Localhost":
      return `localhost/${profile.localhost}`;
    default:
      return "";
  }
}

function oldAppArmor(profile: SecurityProfile): string {
  return profile.type === "Unconfined" ? "unconfined" : oldProfile(profile);
}

const propagations = {
  private: "PROPAGATION_PRIVATE",
  hostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  bidirectional: "PROPAGATION_BIDIRECTIONAL",
} as const;

function mountMessage({ seLinuxRelabel, propagation, recursiveReadOnly, image, ...mount }: Mount): object {
  return {
    ...mount,
    propagation: propagations[propagation ?? "private"],
    selinuxRelabel: seLinuxRelabel ?? false,
    recursiveReadOnly: recursiveReadOnly ?? false,
    ...(image === undefined ? {} : { image: imageMessage(image) }),
  };
}

export function resourcesMessage({ hugepageLimits, ...resources }: LinuxContainerResources): object {
  return {
    ...resources,
    hugepageLimits: (hugepageLimits ?? []).map(({ pageSize, limitBytes }) => ({ pageSize, limit: limitBytes })),
  };
}

export function imageMessage({ image, annotations }: ImageSpec): object {
  return { image, annotations: annotations ?? {} };
}

export function authMessage(auth: ImageAuth | undefined): object | undefined {
  return auth === undefined ? undefined : { ...auth };
}

export function sandboxFilterMessage({ id, state, labels }: SandboxFilter): object {
  return {
    id: id ?? "",
    labelSelector: labels ?? {},
    ...(state === undefined ? {} : { state: { state: state === "ready" ? "SANDBOX_READY" : "SANDBOX_NOTREADY" } }),
  };
}

export function containerFilterMessage({ id, podSandboxId, state, labels }: ContainerFilter): object {
  return {
    id: id ?? "",
    podSandboxId: podSandboxId ?? "",
    labelSelector: labels ?? {},
    ...(state === undefined ? {} : { state: { state: `CONTAINER_${state.toUpperCase()}` } }),
  };
}

function int64(value: number | undefined): { value: number } | undefined {
  return value === undefined ? undefined : { value };
}
