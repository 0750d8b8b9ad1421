import { expect, test } from "vitest";
import type {
  Device,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  ExactDeviceRequest,
  Node,
  ResourceClaimResourceV1 as ResourceClaim,
  ResourceSlice,
  ResourceSliceSpec,
} from "../../../api/types/index.ts";
import { NodeInfo } from "../../node-info.ts";
import { allocate } from "./allocator.ts";
import { poolsOf } from "./inventory.ts";

const node = new NodeInfo("a", 0);
node.setNode({ apiVersion: "v1", kind: "Node", metadata: { name: "a", labels: { zone: "z" } }, spec: {} } as Node);

const gpu = (name: string, attributes: Device["attributes"] = {}, more: Partial<Device> = {}): Device => ({
  name,
  attributes,
  ...more,
});

function slice(devices: Device[], spec: Partial<ResourceSliceSpec> = {}): ResourceSlice {
  const pool = { name: "p", generation: 1, resourceSliceCount: 1 };
  return {
    metadata: { name: "s" },
    spec: { driver: "gpu.io", nodeName: "a", pool, devices, ...spec },
  } as ResourceSlice;
}

const exactly = (name: string, more: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: "gpu", allocationMode: "ExactCount", count: 1, ...more },
});

function claim(requests: DeviceRequest[], constraints: DeviceConstraint[] = []): ResourceClaim {
  return { metadata: { name: "c" }, spec: { devices: { requests, constraints } } } as ResourceClaim;
}

const classes: Record<string, DeviceClass> = {
  gpu: {
    metadata: { name: "gpu" },
    spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.io"' } }] },
  } as DeviceClass,
  nic: {
    metadata: { name: "nic" },
    spec: { selectors: [{ cel: { expression: 'device.driver == "nic.io"' } }] },
  } as DeviceClass,
};

/** Devices by request, of each claim. */
function chosen(slices: ResourceSlice[], claims: ResourceClaim[], taken: string[] = []) {
  const state = { pools: poolsOf(slices), classOf: (name: string) => classes[name], taken: new Set(taken) };
  return allocate(claims, node, state)?.map(({ devices }) =>
    devices?.results?.map(({ request, device }) => `${request}=${device}`).join(" "),
  );
}

const big = { "gpu.io/model": { string: "big" }, numa: { int: 0 } };
const small = { model: { string: "small" }, numa: { int: 1 } };
const selecting = (expression: string) => ({ selectors: [{ cel: { expression } }] });

test.each<[string, ResourceSlice[], ResourceClaim[], string[], string[] | undefined]>([
  ["the first free device", [slice([gpu("g0"), gpu("g1")])], [claim([exactly("r")])], ["gpu.io/p/g0"], ["r=g1"]],
  ["nothing when all are taken", [slice([gpu("g0")])], [claim([exactly("r")])], ["gpu.io/p/g0"], undefined],
  [
    "so many as are asked for",
    [slice([gpu("g0"), gpu("g1")])],
    [claim([exactly("r", { count: 2 })])],
    [],
    ["r=g0 r=g1"],
  ],
  ["not fewer", [slice([gpu("g0"), gpu("g1")])], [claim([exactly("r", { count: 3 })])], [], undefined],
  [
    "different devices for two claims",
    [slice([gpu("g0"), gpu("g1")])],
    [claim([exactly("r")]), claim([exactly("q")])],
    [],
    ["r=g0", "q=g1"],
  ],
  [
    "what the expression selects",
    [slice([gpu("g0", small), gpu("g1", big)])],
    [claim([exactly("r", selecting('device.attributes["gpu.io"].model == "big"'))])],
    [],
    ["r=g1"],
  ],
  [
    "another device for the first request when the second needs the one it took",
    [slice([gpu("g0", big), gpu("g1", small)])],
    [claim([exactly("any"), exactly("big", selecting('device.attributes["gpu.io"].model == "big"'))])],
    [],
    ["any=g1 big=g0"],
  ],
  [
    "all devices that match",
    [slice([gpu("g0"), gpu("g1"), gpu("g2")])],
    [claim([exactly("r", { allocationMode: "All", count: 0 })])],
    [],
    ["r=g0 r=g1 r=g2"],
  ],
  [
    "not all when one is taken",
    [slice([gpu("g0"), gpu("g1")])],
    [claim([exactly("r", { allocationMode: "All", count: 0 })])],
    ["gpu.io/p/g1"],
    undefined,
  ],
  [
    "devices of one value of the attribute",
    [slice([gpu("g0", small), gpu("g1", big), gpu("g2", big)])],
    [claim([exactly("a"), exactly("b")], [{ matchAttribute: "gpu.io/numa", requests: ["a", "b"] }])],
    [],
    ["a=g1 b=g2"],
  ],
  [
    "devices of different values of the attribute",
    [slice([gpu("g0", big), gpu("g1", big), gpu("g2", small)])],
    [claim([exactly("r", { count: 2 })], [{ distinctAttribute: "gpu.io/numa" }])],
    [],
    ["r=g0 r=g2"],
  ],
  [
    "the second alternative when the first is not there",
    [slice([gpu("g0", small)])],
    [
      claim([
        {
          name: "r",
          firstAvailable: [
            {
              name: "best",
              deviceClassName: "gpu",
              count: 1,
              ...selecting('device.attributes["gpu.io"].model == "big"'),
            },
            { name: "good", deviceClassName: "gpu", count: 1 },
          ],
        },
      ]),
    ],
    [],
    ["r/good=g0"],
  ],
  [
    "a taken device with administrative access",
    [slice([gpu("g0")])],
    [claim([exactly("r", { adminAccess: true })])],
    ["gpu.io/p/g0"],
    ["r=g0"],
  ],
  ["no device of another node", [slice([gpu("g0")], { nodeName: "b" })], [claim([exactly("r")])], [], undefined],
  [
    "no device of another class",
    [slice([gpu("g0")])],
    [claim([exactly("r", { deviceClassName: "nic" })])],
    [],
    undefined,
  ],
  [
    "nothing of a pool whose slices are not all there",
    [slice([gpu("g0")], { pool: { name: "p", generation: 1, resourceSliceCount: 2 } })],
    [claim([exactly("r")])],
    [],
    undefined,
  ],
  [
    "devices of the newest generation alone",
    [slice([gpu("old")]), slice([gpu("new")], { pool: { name: "p", generation: 2, resourceSliceCount: 1 } })],
    [claim([exactly("r")])],
    [],
    ["r=new"],
  ],
  [
    "a tainted device only for who tolerates it",
    [slice([gpu("g0", {}, { taints: [{ key: "sick", effect: "NoSchedule" }] }), gpu("g1")])],
    [claim([exactly("r")]), claim([exactly("t", { tolerations: [{ key: "sick", operator: "Exists" }] })])],
    [],
    ["r=g1", "t=g0"],
  ],
  [
    "partitions while their shared counters last",
    [
      slice(
        ["p0", "p1", "p2"].map((name) =>
          gpu(name, {}, { consumesCounters: [{ counterSet: "card", counters: { memory: { value: "20Gi" } } }] }),
        ),
        { sharedCounters: [{ name: "card", counters: { memory: { value: "40Gi" } } }] },
      ),
    ],
    [claim([exactly("r", { count: 2 })])],
    [],
    ["r=p0 r=p1"],
  ],
  [
    "no partition beyond the shared counters",
    [
      slice(
        ["p0", "p1", "p2"].map((name) =>
          gpu(name, {}, { consumesCounters: [{ counterSet: "card", counters: { memory: { value: "20Gi" } } }] }),
        ),
        { sharedCounters: [{ name: "card", counters: { memory: { value: "40Gi" } } }] },
      ),
    ],
    [claim([exactly("r", { count: 3 })])],
    [],
    undefined,
  ],
])("allocates %s", (_, slices, claims, taken, expected) => {
  expect(chosen(slices, claims, taken)).toEqual(expected);
});

test("an allocation says where it can be used, and brings the configuration of class and claim", () => {
  const withConfig: DeviceClass = {
    ...classes.gpu,
    spec: { ...classes.gpu?.spec, config: [{ opaque: { driver: "gpu.io", parameters: { mode: "fast" } } }] },
  } as DeviceClass;
  const wanted = claim([exactly("r")]);
  const own = { requests: ["r"], opaque: { driver: "gpu.io", parameters: { own: true } } };
  const other = { requests: ["q"], opaque: { driver: "gpu.io", parameters: {} } };
  const configured = { ...wanted, spec: { devices: { ...wanted.spec.devices, config: [own, other] } } };
  const state = { pools: poolsOf([slice([gpu("g0")])]), classOf: () => withConfig, taken: new Set<string>() };
  expect(allocate([configured], node, state)?.[0]).toEqual({
    devices: {
      results: [{ request: "r", driver: "gpu.io", pool: "p", device: "g0" }],
      config: [
        { source: "FromClass", requests: ["r"], opaque: { driver: "gpu.io", parameters: { mode: "fast" } } },
        { source: "FromClaim", requests: ["r"], opaque: { driver: "gpu.io", parameters: { own: true } } },
      ],
    },
    nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }] },
  });
});

test("an expression that fails says so", () => {
  const broken = claim([exactly("r", selecting('device.attributes["gpu.io"].nothing == 1'))]);
  expect(() => chosen([slice([gpu("g0")])], [broken])).toThrow("no such key: nothing");
});
