import { resources } from "../client/index.ts";
import { startAdmissionPolicyStatus } from "./admissionpolicystatus/index.ts";
import { startAttachDetachController } from "./attachdetach/index.ts";
import { startBootstrapSigner, startTokenCleaner } from "./bootstraptokens/index.ts";
import { startCertificateApproval, startCertificateCleaning, startCertificateSigning } from "./certificates/index.ts";
import { startClusterRoleAggregation } from "./clusterroleaggregation/index.ts";
import type { StartController } from "./context.ts";
import { startCronJobController } from "./cronjob/index.ts";
import { startDaemonSetController } from "./daemonset/index.ts";
import { startDeploymentController } from "./deployment/index.ts";
import { startDeviceTaintEvictionController } from "./devicetainteviction/index.ts";
import { startDisruptionController } from "./disruption/index.ts";
import { startEndpointsController } from "./endpoints/index.ts";
import { startEndpointSliceController } from "./endpointslice/index.ts";
import { startEndpointSliceMirroring } from "./endpointslicemirroring/index.ts";
import { startEphemeralVolumeController } from "./ephemeralvolume/index.ts";
import { startGarbageCollector } from "./garbagecollector/index.ts";
import { startHorizontalPodAutoscalerController } from "./horizontalpodautoscaler/index.ts";
import { ifServed } from "./if-served.ts";
import { startJobController } from "./job/index.ts";
import { startNamespaceController } from "./namespace/index.ts";
import { startNodeIpamController } from "./nodeipam/index.ts";
import { startNodeLifecycleController } from "./nodelifecycle/index.ts";
import { startNodeTtlController } from "./nodettl/index.ts";
import { startPersistentVolumeController } from "./persistentvolume/index.ts";
import { startPodGarbageCollector } from "./podgc/index.ts";
import { startReplicaSetController, startReplicationController } from "./replicaset/index.ts";
import { startResourceClaimController } from "./resourceclaim/index.ts";
import { startResourceQuotaController } from "./resourcequota/index.ts";
import { startRootCAPublisher } from "./rootca/index.ts";
import { startServiceAccountController } from "./serviceaccount/index.ts";
import { startLegacyTokenCleaner, startServiceAccountTokenController } from "./serviceaccounttokens/index.ts";
import { startServiceCIDRController } from "./servicecidrs/index.ts";
import { startSimulatedProvisioner } from "./simulated-provisioner/index.ts";
import { startStatefulSetController } from "./statefulset/index.ts";
import { startStorageVersionMigrator } from "./storageversionmigrator/index.ts";
import { startTaintEvictionController } from "./tainteviction/index.ts";
import { startTtlAfterFinishedController } from "./ttlafterfinished/index.ts";
import { startVolumeExpander } from "./volumeexpand/index.ts";
import {
  startPvcProtectionController,
  startPvProtectionController,
  startVacProtectionController,
} from "./volumeprotection/index.ts";

/** Not one of the original's. */
export const simulatedProvisionerController = "simulated-provisioner-controller";

/** By upstream name, in the order in which they start. */
export const controllers: ReadonlyMap<string, StartController> = new Map([
  ["namespace-controller", startNamespaceController],
  ["serviceaccount-controller", startServiceAccountController],
  ["serviceaccount-token-controller", startServiceAccountTokenController],
  ["legacy-serviceaccount-token-cleaner-controller", startLegacyTokenCleaner],
  ["root-ca-certificate-publisher-controller", startRootCAPublisher],
  ["deployment-controller", startDeploymentController],
  ["replicaset-controller", startReplicaSetController],
  ["replicationcontroller-controller", startReplicationController],
  ["daemonset-controller", startDaemonSetController],
  ["statefulset-controller", startStatefulSetController],
  ["job-controller", startJobController],
  ["cronjob-controller", startCronJobController],
  ["endpoints-controller", startEndpointsController],
  ["endpointslice-controller", ifServed(resources.endpointslices, startEndpointSliceController)],
  ["endpointslice-mirroring-controller", ifServed(resources.endpointslices, startEndpointSliceMirroring)],
  ["service-cidr-controller", startServiceCIDRController],
  ["node-ipam-controller", startNodeIpamController],
  ["node-lifecycle-controller", startNodeLifecycleController],
  ["ttl-controller", startNodeTtlController],
  ["taint-eviction-controller", startTaintEvictionController],
  ["device-taint-eviction-controller", startDeviceTaintEvictionController],
  ["pod-garbage-collector-controller", startPodGarbageCollector],
  ["horizontal-pod-autoscaler-controller", startHorizontalPodAutoscalerController],
  ["disruption-controller", startDisruptionController],
  ["resourcequota-controller", startResourceQuotaController],
  ["persistentvolume-binder-controller", startPersistentVolumeController],
  ["persistentvolume-attach-detach-controller", startAttachDetachController],
  ["persistentvolume-expander-controller", startVolumeExpander],
  ["persistentvolumeclaim-protection-controller", startPvcProtectionController],
  ["persistentvolume-protection-controller", startPvProtectionController],
  ["volumeattributesclass-protection-controller", startVacProtectionController],
  ["ephemeral-volume-controller", startEphemeralVolumeController],
  ["resourceclaim-controller", startResourceClaimController],
  ["validatingadmissionpolicy-status-controller", startAdmissionPolicyStatus],
  ["certificatesigningrequest-signing-controller", startCertificateSigning],
  ["certificatesigningrequest-approving-controller", startCertificateApproval],
  ["certificatesigningrequest-cleaner-controller", startCertificateCleaning],
  ["ttl-after-finished-controller", startTtlAfterFinishedController],
  ["clusterrole-aggregation-controller", startClusterRoleAggregation],
  ["garbage-collector-controller", startGarbageCollector],
  ["storage-version-migrator-controller", startStorageVersionMigrator],
  ["bootstrap-signer-controller", startBootstrapSigner],
  ["token-cleaner-controller", startTokenCleaner],
  [simulatedProvisionerController, startSimulatedProvisioner],
]);

export const controllerNames: readonly string[] = [...controllers.keys()];

/**
 * Those that do not run unless they are named: bootstrap tokens as in the original; on real nodes a simulated volume is of
 * no use.
 */
export const controllersOffByDefault: ReadonlySet<string> = new Set([
  "bootstrap-signer-controller",
  "token-cleaner-controller",
  simulatedProvisionerController,
]);
