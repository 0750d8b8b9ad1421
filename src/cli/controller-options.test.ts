import { Command } from "commander";
import { expect, test } from "vitest";
import { addControllerFlags, type ControllerFlags, controllersConfig } from "./controller-options.ts";

function configOf(...args: string[]) {
  const silent = { writeErr() {}, writeOut() {} };
  const command = addControllerFlags(new Command("controller-manager").exitOverride().configureOutput(silent));
  command.parse(args, { from: "user" });
  return controllersConfig(command.opts<ControllerFlags>(), {});
}

test("without flags the controllers work as the original's", () => {
  const { concurrentSyncs, ...config } = configOf();
  expect(config).toEqual({
    clusterCIDR: "10.244.0.0/16",
    nodeCIDRMaskSize: 24,
    legacyTokenCleanUpPeriodMs: 8760 * 3_600_000,
    terminatedPodThreshold: 12_500,
    nodeMonitorGracePeriodMs: 50_000,
    nodeStartupGracePeriodMs: 60_000,
    nodeEviction: {
      perSecond: 0.1,
      secondaryPerSecond: 0.01,
      unhealthyZoneThreshold: 0.55,
      largeClusterSizeThreshold: 50,
    },
    disableForceDetachOnTimeout: false,
    autoscaler: {
      syncPeriodMs: 15_000,
      downscaleStabilizationMs: 300_000,
      tolerance: 0.1,
      cpuInitializationPeriodMs: 300_000,
      initialReadinessDelayMs: 30_000,
    },
  });
  expect(concurrentSyncs).toMatchObject({ "daemonset-controller": 2, "garbage-collector-controller": 20 });
});

test("flags of the original that say how something works here are heard; others are refused", () => {
  const config = configOf(
    "--horizontal-pod-autoscaler-sync-period=5s",
    "--concurrent-deployment-syncs=50",
    "--unhealthy-zone-threshold=0.3",
  );
  expect(config.autoscaler?.syncPeriodMs).toBe(5000);
  expect(config.concurrentSyncs?.["deployment-controller"]).toBe(50);
  expect(config.nodeEviction?.unhealthyZoneThreshold).toBe(0.3);
  expect(() => configOf("--pv-recycler-timeout-increment-hostpath=30")).toThrow("unknown option");
  expect(() => configOf("--unhealthy-zone-threshold=2")).toThrow("It must be a number from 0 to 1.");
});
