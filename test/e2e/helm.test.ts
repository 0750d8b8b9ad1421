import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Sandbox } from "../support/sampan.ts";

const chart = fileURLToPath(new URL("./chart", import.meta.url));
const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "2"]);
});
afterAll(() => box.remove());

async function helm(...args: string[]): Promise<string> {
  const ran = await box.helm(args, { timeoutMs: 120_000 });
  if (ran.code !== 0) throw new Error(`helm ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}`);
  return ran.stdout;
}

const image = async () =>
  (await box.kubectl("get deployment shop -o jsonpath={.spec.template.spec.containers[0].image}")).stdout;

test("a chart with hooks and a test: install, test, upgrade, rollback, list, uninstall", async () => {
  const installed = await helm("install", "shop", chart, "--wait", "--timeout", "60s");
  expect(installed).toContain("STATUS: deployed");
  expect(installed).toContain("shop says hello.");
  expect((await box.kubectl("get pod shop-prepare -o jsonpath={.status.phase}")).stdout).toBe("Succeeded");
  expect((await box.kubectl("get deployment shop -o jsonpath={.status.availableReplicas}")).stdout).toBe("2");
  expect((await box.kubectl("get secret shop -o jsonpath={.data.PASSWORD}")).stdout).toBe("c2VjcmV0");

  expect(await helm("test", "shop", "--timeout", "60s")).toContain("Phase:          Succeeded");

  await helm("upgrade", "shop", chart, "--set", "image=nginx:1.28,replicas=3", "--wait", "--timeout", "60s");
  expect(await image()).toBe("nginx:1.28");
  expect((await box.kubectl("get deployment shop -o jsonpath={.status.readyReplicas}")).stdout).toBe("3");
  expect(await helm("history", "shop")).toMatch(/2\s+.*deployed/);

  await helm("rollback", "shop", "1", "--wait", "--timeout", "60s");
  expect(await image()).toBe("nginx:1.27");
  expect(await helm("list")).toMatch(/shop\s+default\s+3\s+.*deployed\s+shop-1\.0\.0/);

  expect(await helm("uninstall", "shop", "--wait")).toContain('release "shop" uninstalled');
  const left = await box.kubectl(
    "get deployment/shop service/shop configmap/shop secret/shop --ignore-not-found -o name",
  );
  expect(left).toMatchObject({ code: 0, stdout: "" });
});
