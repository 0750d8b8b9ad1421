import { describe, expect, it } from "vitest";
import type { Pod, PodSpec } from "../../types/index.ts";
import { defaultPod, defaultPodTemplate } from "./defaults.ts";
import { defaultPullPolicy } from "./image-pull-policy.ts";
import { qosClassOf } from "./qos.ts";

function pod(spec: PodSpec): Pod {
  const made: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec };
  defaultPod(made);
  return made;
}

describe("defaults of pods", () => {
  it("pull always what has no fixed tag", () => {
    expect(defaultPullPolicy("nginx")).toBe("Always");
    expect(defaultPullPolicy("registry:5000/nginx")).toBe("Always");
    expect(defaultPullPolicy("nginx:latest")).toBe("Always");
    expect(defaultPullPolicy("nginx:1.27")).toBe("IfNotPresent");
    expect(defaultPullPolicy(`nginx@sha256:${"a".repeat(64)}`)).toBe("IfNotPresent");
  });

  it("make a request of a limit", () => {
    const { spec } = pod({ containers: [{ name: "c", resources: { limits: { cpu: "1" } } }] });
    expect(spec.containers[0]?.resources?.requests).toEqual({ cpu: "1" });
  });

  it("give ports of the node to pods in its network, and not to templates", () => {
    const spec = (): PodSpec => ({ hostNetwork: true, containers: [{ name: "c", ports: [{ containerPort: 80 }] }] });
    expect(pod(spec()).spec.containers[0]?.ports?.[0]?.hostPort).toBe(80);
    const template = { metadata: {}, spec: spec() };
    defaultPodTemplate(template);
    expect(template.spec.containers[0]?.ports?.[0]?.hostPort).toBeUndefined();
  });

  it("keep both names of the service account the same", () => {
    expect(pod({ serviceAccount: "robot", containers: [] }).spec.serviceAccountName).toBe("robot");
    const both = pod({ serviceAccountName: "new", serviceAccount: "old", containers: [] }).spec;
    expect(both.serviceAccount).toBe("new");
  });

  it("are the same when they run twice", () => {
    const once = pod({ containers: [{ name: "c", image: "nginx", livenessProbe: { httpGet: { port: 80 } } }] });
    const twice = structuredClone(once);
    defaultPod(twice);
    expect(twice).toEqual(once);
  });
});

describe("the quality of service", () => {
  const of = (...resources: PodSpec["containers"][number]["resources"][]) =>
    qosClassOf({ containers: resources.map((each, i) => ({ name: `c${i}`, resources: each })) });

  it("is guaranteed when limits of cpu and memory are the requests", () => {
    const full = { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1Gi" } };
    expect(of(full)).toBe("Guaranteed");
    expect(of(full, { limits: { cpu: "1" } })).toBe("Burstable");
  });

  it("is best effort when nothing is asked for", () => {
    expect(of({}, undefined)).toBe("BestEffort");
    expect(of({ requests: { "example.org/gpu": "1" } })).toBe("BestEffort");
  });
});
