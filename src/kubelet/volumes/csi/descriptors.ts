import { type Descriptor, type Fields, message, service } from "../../../grpc/index.ts";

// Facts of two published interfaces: the fields that the kubelet reads or writes, with their numbers.

/** How drivers announce themselves: `pluginregistration.Registration`, version 1. */
export const registrationDescriptor: Descriptor = {
  nested: {
    pluginregistration: {
      nested: {
        Registration: {
          methods: {
            GetInfo: { requestType: "InfoRequest", responseType: "PluginInfo" },
            NotifyRegistrationStatus: {
              requestType: "RegistrationStatus",
              responseType: "RegistrationStatusResponse",
            },
          },
        },
        InfoRequest: message({}),
        PluginInfo: message({
          type: [1, "string"],
          name: [2, "string"],
          endpoint: [3, "string"],
          supportedVersions: [4, "string", "repeated"],
        }),
        RegistrationStatus: message({ pluginRegistered: [1, "bool"], error: [2, "string"] }),
        RegistrationStatusResponse: message({}),
      },
    },
  },
};

const publishFields: Fields = {
  volumeId: [1, "string"],
  publishContext: [2, "string", "map"],
  stagingTargetPath: [3, "string"],
};

/** The node's share of the container storage interface, version 1: `csi.v1.Node`. */
export const csiDescriptor: Descriptor = {
  nested: {
    csi: {
      nested: {
        v1: {
          nested: {
            Node: service(
              "NodeStageVolume",
              "NodeUnstageVolume",
              "NodePublishVolume",
              "NodeUnpublishVolume",
              "NodeGetVolumeStats",
              "NodeExpandVolume",
              "NodeGetCapabilities",
              "NodeGetInfo",
            ),
            NodeStageVolumeRequest: message({
              ...publishFields,
              volumeCapability: [4, "VolumeCapability"],
              secrets: [5, "string", "map"],
              volumeContext: [6, "string", "map"],
            }),
            NodeStageVolumeResponse: message({}),
            NodeUnstageVolumeRequest: message({ volumeId: [1, "string"], stagingTargetPath: [2, "string"] }),
            NodeUnstageVolumeResponse: message({}),
            NodePublishVolumeRequest: message({
              ...publishFields,
              targetPath: [4, "string"],
              volumeCapability: [5, "VolumeCapability"],
              readonly: [6, "bool"],
              secrets: [7, "string", "map"],
              volumeContext: [8, "string", "map"],
            }),
            NodePublishVolumeResponse: message({}),
            NodeUnpublishVolumeRequest: message({ volumeId: [1, "string"], targetPath: [2, "string"] }),
            NodeUnpublishVolumeResponse: message({}),
            NodeExpandVolumeRequest: message({
              volumeId: [1, "string"],
              volumePath: [2, "string"],
              capacityRange: [3, "CapacityRange"],
              stagingTargetPath: [4, "string"],
              volumeCapability: [5, "VolumeCapability"],
              secrets: [6, "string", "map"],
            }),
            NodeExpandVolumeResponse: message({ capacityBytes: [1, "int64"] }),
            CapacityRange: message({ requiredBytes: [1, "int64"], limitBytes: [2, "int64"] }),
            NodeGetVolumeStatsRequest: message({
              volumeId: [1, "string"],
              volumePath: [2, "string"],
              stagingTargetPath: [3, "string"],
            }),
            NodeGetVolumeStatsResponse: message({ usage: [1, "VolumeUsage", "repeated"] }),
            VolumeUsage: {
              ...message({ available: [1, "int64"], total: [2, "int64"], used: [3, "int64"], unit: [4, "Unit"] }),
              nested: { Unit: { values: { UNKNOWN: 0, BYTES: 1, INODES: 2 } } },
            },
            NodeGetCapabilitiesRequest: message({}),
            NodeGetCapabilitiesResponse: message({ capabilities: [1, "NodeServiceCapability", "repeated"] }),
            NodeServiceCapability: {
              ...message({ rpc: [1, "RPC"] }),
              nested: {
                RPC: {
                  ...message({ type: [1, "Type"] }),
                  nested: {
                    Type: {
                      values: {
                        UNKNOWN: 0,
                        STAGE_UNSTAGE_VOLUME: 1,
                        GET_VOLUME_STATS: 2,
                        EXPAND_VOLUME: 3,
                        VOLUME_CONDITION: 4,
                        SINGLE_NODE_MULTI_WRITER: 5,
                        VOLUME_MOUNT_GROUP: 6,
                      },
                    },
                  },
                },
              },
            },
            NodeGetInfoRequest: message({}),
            NodeGetInfoResponse: message({
              nodeId: [1, "string"],
              maxVolumesPerNode: [2, "int64"],
              accessibleTopology: [3, "Topology"],
            }),
            Topology: message({ segments: [1, "string", "map"] }),
            VolumeCapability: {
              ...message({ block: [1, "BlockVolume"], mount: [2, "MountVolume"], accessMode: [3, "AccessMode"] }),
              nested: {
                BlockVolume: message({}),
                MountVolume: message({
                  fsType: [1, "string"],
                  mountFlags: [2, "string", "repeated"],
                  volumeMountGroup: [3, "string"],
                }),
                AccessMode: {
                  ...message({ mode: [1, "Mode"] }),
                  nested: {
                    Mode: {
                      values: {
                        UNKNOWN: 0,
                        SINGLE_NODE_WRITER: 1,
                        SINGLE_NODE_READER_ONLY: 2,
                        MULTI_NODE_READER_ONLY: 3,
                        MULTI_NODE_SINGLE_WRITER: 4,
                        MULTI_NODE_MULTI_WRITER: 5,
                        SINGLE_NODE_SINGLE_WRITER: 6,
                        SINGLE_NODE_MULTI_WRITER: 7,
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
