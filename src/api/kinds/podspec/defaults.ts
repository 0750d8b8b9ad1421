import type {
  Container,
  EphemeralContainer,
  HTTPGetAction,
  Lifecycle,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
} from "../../types/index.ts";
import { defaultPullPolicy } from "./image-pull-policy.ts";
import { defaultPodResources } from "./pod-resources.ts";
import { defaultVolume } from "./volume-defaults.ts";

/** What a pod gets beyond its template: service links, requests out of limits. */
export function defaultPod(pod: Pod): void {
  const spec = pod.spec;
  defaultPodSpec(spec);
  spec.enableServiceLinks ??= true;
  for (const container of spec.containers ?? []) requestsFromLimits(container);
  for (const container of spec.initContainers ?? []) requestsFromLimits(container);
  for (const container of spec.ephemeralContainers ?? []) requestsFromLimits(container);
  if (spec.hostNetwork) defaultHostPorts(spec);
  if (spec.resources) defaultPodResources(spec);
}

/** In the network of its node a container's port is the node's. Templates leave this to the pods made from them. */
function defaultHostPorts(spec: PodSpec): void {
  for (const { ports } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const port of ports ?? []) port.hostPort ||= port.containerPort;
  }
}

export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

/** One pass over everything that a pod and the template of a workload have in common. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  spec.securityContext ??= {};
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  } else {
    // Only what is there: V8 turns an object that has lost a field into a slow one.
    if (spec.serviceAccountName !== undefined) delete spec.serviceAccountName;
    if (spec.serviceAccount !== undefined) delete spec.serviceAccount;
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
}

function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (!valueFrom) continue;
    if (valueFrom.fieldRef) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom.resourceFieldRef) valueFrom.resourceFieldRef.divisor ||= "0";
    if (valueFrom.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
  }
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultLifecycle(container.lifecycle);
}

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHTTPGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  if (!lifecycle) return;
  defaultHTTPGet(lifecycle.postStart?.httpGet);
  defaultHTTPGet(lifecycle.preStop?.httpGet);
}

function defaultHTTPGet(action: HTTPGetAction | undefined): void {
  if (!action) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

/** A resource with a limit and no request requests its limit. */
function requestsFromLimits(container: { resources?: ResourceRequirements }): void {
  const resources = container.resources;
  if (!resources?.limits) return;
  resources.requests ??= {};
  for (const [name, quantity] of Object.entries(resources.limits)) resources.requests[name] ??= quantity;
}
