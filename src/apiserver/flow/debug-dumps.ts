import type { FlowController } from "./flow-controller.ts";

type Row = readonly (string | number | boolean)[];

/** What stands under `/debug/api_priority_and_fairness/`, by name: tables for people, as the original writes them. */
export function flowDumps(controller: FlowController): ReadonlyMap<string, () => string> {
  const levels = () => [...controller.levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map([
    [
      "dump_priority_levels",
      () =>
        table(
          [
            ...["PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests"],
            ...["DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests"],
          ],
          levels().map((level) => {
            const active = level.queues.filter(({ waiting, executing }) => waiting.length + executing > 0).length;
            const { name, waiting, executing, dispatched, rejected, timedOut } = level;
            const isIdle = waiting + executing === 0;
            return [name, active, isIdle, false, waiting, executing, dispatched, rejected, timedOut, 0];
          }),
        ),
    ],
    [
      "dump_queues",
      () =>
        table(
          ["PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests"],
          levels().flatMap(({ name, queues }) =>
            queues.map(({ waiting, executing }, index): Row => [name, index, waiting.length, executing]),
          ),
        ),
    ],
    [
      "dump_requests",
      () =>
        table(
          ["PriorityLevelName", "FlowSchemaName", "WaitingRequests", "ExecutingRequests"],
          controller.flows.map(({ name, level, counts }): Row => [level.name, name, counts.waiting, counts.executing]),
        ),
    ],
  ]);
}

function table(columns: readonly string[], rows: readonly Row[]): string {
  const texts = [columns, ...rows.map((row) => row.map(String))].map((row) => row.map((cell) => `${cell},`));
  const widths = columns.map((_, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd((widths[i] ?? 0) + 1))
      .join("")
      .trimEnd();
  return `${texts.map(line).join("\n")}\n`;
}
