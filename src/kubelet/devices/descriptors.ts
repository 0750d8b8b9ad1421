import { type Descriptor, message } from "../../grpc/index.ts";

// Facts of two published interfaces: the fields that the kubelet reads or writes, with their numbers.

const topology = {
  TopologyInfo: message({ nodes: [1, "NUMANode", "repeated"] }),
  NUMANode: message({ ID: [1, "int64"] }),
};

/** Device plugins, version v1beta1: what the kubelet serves (Registration), and what it calls (DevicePlugin). */
export const devicePluginDescriptor: Descriptor = {
  nested: {
    v1beta1: {
      nested: {
        Registration: { methods: { Register: { requestType: "RegisterRequest", responseType: "Empty" } } },
        DevicePlugin: {
          methods: {
            GetDevicePluginOptions: { requestType: "Empty", responseType: "DevicePluginOptions" },
            ListAndWatch: { requestType: "Empty", responseType: "ListAndWatchResponse", responseStream: true },
            GetPreferredAllocation: {
              requestType: "PreferredAllocationRequest",
              responseType: "PreferredAllocationResponse",
            },
            Allocate: { requestType: "AllocateRequest", responseType: "AllocateResponse" },
            PreStartContainer: { requestType: "PreStartContainerRequest", responseType: "PreStartContainerResponse" },
          },
        },
        Empty: message({}),
        DevicePluginOptions: message({ preStartRequired: [1, "bool"], getPreferredAllocationAvailable: [2, "bool"] }),
        RegisterRequest: message({
          version: [1, "string"],
          endpoint: [2, "string"],
          resourceName: [3, "string"],
          options: [4, "DevicePluginOptions"],
        }),
        ListAndWatchResponse: message({ devices: [1, "Device", "repeated"] }),
        Device: message({ ID: [1, "string"], health: [2, "string"], topology: [3, "TopologyInfo"] }),
        ...topology,
        PreStartContainerRequest: message({ devicesIDs: [1, "string", "repeated"] }),
        PreStartContainerResponse: message({}),
        PreferredAllocationRequest: message({
          containerRequests: [1, "ContainerPreferredAllocationRequest", "repeated"],
        }),
        ContainerPreferredAllocationRequest: message({
          availableDeviceIDs: [1, "string", "repeated"],
          mustIncludeDeviceIDs: [2, "string", "repeated"],
          allocationSize: [3, "int32"],
        }),
        PreferredAllocationResponse: message({
          containerResponses: [1, "ContainerPreferredAllocationResponse", "repeated"],
        }),
        ContainerPreferredAllocationResponse: message({ deviceIDs: [1, "string", "repeated"] }),
        AllocateRequest: message({ containerRequests: [1, "ContainerAllocateRequest", "repeated"] }),
        ContainerAllocateRequest: message({ devicesIDs: [1, "string", "repeated"] }),
        AllocateResponse: message({ containerResponses: [1, "ContainerAllocateResponse", "repeated"] }),
        ContainerAllocateResponse: message({
          envs: [1, "string", "map"],
          mounts: [2, "Mount", "repeated"],
          devices: [3, "DeviceSpec", "repeated"],
          annotations: [4, "string", "map"],
          cdiDevices: [5, "CDIDevice", "repeated"],
        }),
        Mount: message({ containerPath: [1, "string"], hostPath: [2, "string"], readOnly: [3, "bool"] }),
        DeviceSpec: message({ containerPath: [1, "string"], hostPath: [2, "string"], permissions: [3, "string"] }),
        CDIDevice: message({ name: [1, "string"] }),
      },
    },
  },
};

/** Which container has which devices, version v1: what monitors of devices ask. */
export const podResourcesDescriptor: Descriptor = {
  nested: {
    v1: {
      nested: {
        PodResourcesLister: {
          methods: {
            List: { requestType: "ListPodResourcesRequest", responseType: "ListPodResourcesResponse" },
            GetAllocatableResources: {
              requestType: "AllocatableResourcesRequest",
              responseType: "AllocatableResourcesResponse",
            },
            Get: { requestType: "GetPodResourcesRequest", responseType: "GetPodResourcesResponse" },
          },
        },
        ListPodResourcesRequest: message({}),
        ListPodResourcesResponse: message({ podResources: [1, "PodResources", "repeated"] }),
        AllocatableResourcesRequest: message({}),
        AllocatableResourcesResponse: message({ devices: [1, "ContainerDevices", "repeated"] }),
        GetPodResourcesRequest: message({ podName: [1, "string"], podNamespace: [2, "string"] }),
        GetPodResourcesResponse: message({ podResources: [1, "PodResources"] }),
        PodResources: message({
          name: [1, "string"],
          namespace: [2, "string"],
          containers: [3, "ContainerResources", "repeated"],
        }),
        ContainerResources: message({ name: [1, "string"], devices: [2, "ContainerDevices", "repeated"] }),
        ContainerDevices: message({
          resourceName: [1, "string"],
          deviceIds: [2, "string", "repeated"],
          topology: [3, "TopologyInfo"],
        }),
        ...topology,
      },
    },
  },
};
