import { afterEach, expect, test } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test("attempts, queues and parts of cycles are counted under the original's names", async () => {
  world = await startWorld({ nodes: { count: 1, cpu: "1" } });
  for (const name of ["a", "b"]) await world.create(name);
  const containers = [{ name: "c", image: "nginx", resources: { requests: { cpu: "3" } } }];
  await world.create("large", { containers });
  await world.host.clock.advance(2000);
  const text = await world.host.metrics.render();
  const values = new Map(
    text
      .split("\n")
      .filter((line) => line.startsWith("scheduler_"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
  const profile = 'profile="default-scheduler"';
  expect(values.get(`scheduler_schedule_attempts_total{result="scheduled",${profile}}`)).toBe(2);
  expect(values.get(`scheduler_scheduling_attempt_duration_seconds_count{result="scheduled",${profile}}`)).toBe(2);
  expect(values.get('scheduler_pod_scheduling_sli_duration_seconds_count{attempts="1"}')).toBe(2);
  expect(values.get("scheduler_pod_scheduling_attempts_count")).toBe(2);
  expect(values.get('scheduler_pending_pods{queue="unschedulable"}')).toBe(1);
  expect(values.get('scheduler_queue_incoming_pods_total{queue="active",event="PodAdd"}')).toBe(3);
  expect(values.get('scheduler_queue_incoming_pods_total{queue="unschedulable",event="ScheduleAttemptFailure"}')).toBe(
    1,
  );
  expect(values.get('scheduler_scheduler_cache_size{type="nodes"}')).toBe(1);
  expect(values.get("scheduler_preemption_attempts_total")).toBeGreaterThan(0);
  const point = (name: string, status: string) =>
    values.get(
      `scheduler_framework_extension_point_duration_seconds_count{extension_point="${name}",status="${status}",${profile}}`,
    ) ?? 0;
  expect(point("PreFilter", "Success")).toBeGreaterThanOrEqual(3);
  expect([point("Filter", "Success"), point("Reserve", "Success"), point("Bind", "Success")]).toEqual([2, 2, 2]);
  expect(point("PostFilter", "Unschedulable")).toBeGreaterThan(0);
});
