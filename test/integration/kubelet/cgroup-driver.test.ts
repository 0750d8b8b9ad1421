import { afterEach, expect, test } from "vitest";
import { systemHost } from "../../../src/host/index.ts";
import { openCriRuntime } from "../../../src/kubelet/runtime/cri/index.ts";
import { CriServer, type CriServerOptions } from "../../support/cri-server.ts";

let runtime: CriServer;
afterEach(() => runtime.stop());

test.each<[string, CriServerOptions["cgroupDriver"], string | undefined]>([
  ["systemd makes its cgroups", "SYSTEMD", "systemd"],
  ["it makes cgroups itself", "CGROUPFS", "cgroupfs"],
  ["it knows no such question", undefined, undefined],
])("a runtime is asked who makes cgroups: %s", async (_, cgroupDriver, told) => {
  runtime = await CriServer.start(cgroupDriver === undefined ? {} : { cgroupDriver });
  const host = systemHost({ log: { level: "error" } });
  const connection = await openCriRuntime({ host, endpoint: runtime.endpoint });
  try {
    expect(await connection.cgroupDriver()).toBe(told);
  } finally {
    connection.close();
  }
});
