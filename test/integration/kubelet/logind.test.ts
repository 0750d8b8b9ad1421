// How the kubelet speaks with systemd's login manager: over a real message bus, with a real systemd-inhibit.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/host/index.ts";
import { openLogind } from "../../../src/kubelet/shutdown/index.ts";
import { missing } from "../../support/requires.ts";
import { systemBusNeeds, TestSystemBus } from "../../support/system-bus/index.ts";

const reason = missing(systemBusNeeds);

describe.skipIf(reason !== undefined)(`the login manager${reason === undefined ? "" : ` (${reason})`}`, () => {
  let bus: TestSystemBus;
  beforeAll(async () => {
    bus = await TestSystemBus.start();
  });
  afterAll(() => bus?.stop());

  const open = () => openLogind(systemClock, bus.configFolder);

  test("its longest delay is read, and made longer by a file of the kubelet's own", async () => {
    const login = await open();
    try {
      expect(await login.inhibitDelayMs()).toBe(5000);
      await login.overrideInhibitDelay(30_000);
      expect(await login.inhibitDelayMs()).toBe(30_000);
    } finally {
      login.close();
    }
    expect(bus.of("kill")).toEqual([{ event: "kill", unit: "systemd-logind.service", who: "all", signal: 1 }]);
    expect(readFileSync(join(bus.configFolder, "99-kubelet.conf"), "utf8")).toBe(
      "# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=30\n",
    );
  });

  test("a lock is held until it is released", async () => {
    const login = await open();
    try {
      const lock = await login.inhibit();
      expect(bus.of("inhibit")).toEqual([
        {
          event: "inhibit",
          what: "shutdown",
          who: "kubelet",
          why: "Kubelet needs time to handle node shutdown",
          mode: "delay",
        },
      ]);
      expect(bus.of("released")).toEqual([]);
      await lock.release();
      await bus.until((events) => events.some(({ event }) => event === "released"));
      await lock.lost;
    } finally {
      login.close();
    }
  });

  test("a lock goes with the process that took it, also one that is killed", async () => {
    await bus.take();
    const inhibitor = new URL("../../../src/kubelet/shutdown/inhibitor.ts", import.meta.url);
    const script = `await (await import("${inhibitor}")).inhibitShutdown(); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    try {
      await bus.until((events) => events.some(({ event }) => event === "inhibit"));
      expect(bus.of("released")).toEqual([]);
    } finally {
      holder.kill("SIGKILL");
    }
    await bus.until((events) => events.some(({ event }) => event === "released"));
  });

  test("a shutdown and its cancellation are heard", async () => {
    const login = await open();
    try {
      const heard: boolean[] = [];
      const { promise: both, resolve } = Promise.withResolvers<void>();
      await login.onShutdown((active) => {
        if (heard.push(active) === 2) resolve();
      });
      bus.command("shutdown true");
      bus.command("shutdown false");
      await both;
      expect(heard).toEqual([true, false]);
    } finally {
      login.close();
    }
  });

  test("it is told when nobody is heard any more, and that there is nobody then", async () => {
    const login = await open();
    await bus.stopDaemon();
    await login.closed;
    await expect(open()).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    expect(existsSync(bus.folder)).toBe(true);
  });

  test("a lock that nobody gives is told of by what systemd-inhibit said", async () => {
    const { inhibitShutdown } = await import("../../../src/kubelet/shutdown/inhibitor.ts");
    await expect(inhibitShutdown()).rejects.toThrow(/^failed creating systemd inhibitor: .*Failed to/s);
  });
});
