import type { Explanation, RefusedNodes, ScoredNode } from "./explain.ts";

/** How many names of equal nodes are written out. */
const namesMax = 4;
/** How many of the nodes that fit are listed. */
const fittingMax = 20;

/** An explanation for people. */
export function explanationText(explanation: Explanation): string {
  const sections = [
    headline(explanation),
    ...(explanation.gates.length > 0 ? [list("Held back before any node is looked at:", explanation.gates)] : []),
    ...(explanation.refusals.length > 0
      ? [
          list(
            "Refused as a whole:",
            explanation.refusals.map(({ filter, reasons }) => `${filter}: ${reasons.join(", ")}`),
          ),
        ]
      : []),
    ...(explanation.fitting.length > 0 ? [scoreTable(explanation)] : []),
    ...(explanation.refused.length > 0 ? [refusedTable(explanation.refused)] : []),
    ...changes(explanation),
    ...(explanation.notes.length > 0 ? [explanation.notes.join("\n")] : []),
  ];
  return `${sections.join("\n\n")}\n`;
}

function headline({ pod, state, node, schedulerName, nodesTotal, fitting, message }: Explanation): string {
  const where = { pending: "has no node yet", gated: "is not tried yet", bound: `is on ${node}` }[state];
  const lines = [`Pod ${pod} ${where} (profile ${schedulerName}, ${fitting.length} of ${nodesTotal} nodes fit).`];
  if (state === "bound" && node !== undefined) lines.push(rank(node, fitting));
  if (message !== undefined) lines.push(message);
  return lines.join("\n");
}

function rank(node: string, fitting: readonly ScoredNode[]): string {
  const found = fitting.find((candidate) => candidate.node === node);
  if (!found) return `${node} would not take it now.`;
  const better = fitting.filter(({ total }) => total > found.total).length;
  const equal = fitting.filter(({ total }) => total === found.total).length - 1;
  const ties = equal > 0 ? `, with ${equal} more of the same total` : "";
  return `${node} ranks ${better + 1} of ${fitting.length}${ties}.`;
}

function scoreTable({ fitting, weights, node }: Explanation): string {
  const plugins = Object.keys(weights);
  const rows = fitting
    .slice(0, fittingMax)
    .map(({ node: name, total, scores }) => [
      name === node ? `${name} *` : name,
      String(total),
      ...plugins.map((plugin) => String(scores[plugin] ?? 0)),
    ]);
  const header = ["NODE", "TOTAL", ...plugins.map((plugin) => `${plugin} x${weights[plugin]}`)];
  const more = fitting.length - rows.length;
  return `${table([header, ...rows])}${more > 0 ? `\n(and ${more} more that fit)` : ""}`;
}

function refusedTable(groups: readonly RefusedNodes[]): string {
  const rows = groups.flatMap(({ nodes, refusals }) =>
    refusals.flatMap(({ filter, reasons, details }, i) => {
      const lines = Math.max(reasons.length, details.length, 1);
      return Array.from({ length: lines }, (_, line) => [
        i + line === 0 ? names(nodes) : "",
        i + line === 0 ? String(nodes.length) : "",
        line === 0 ? filter : "",
        reasons[line] ?? "",
        details[line] ?? "",
      ]);
    }),
  );
  return table([["REFUSED", "NODES", "FILTER", "REASON", "BY HOW MUCH"], ...rows]);
}

function changes({ refused, preemption, fitting }: Explanation): string[] {
  if (fitting.length > 0) return [];
  const lines = refused.flatMap(({ nodes, changes: needed }) =>
    needed.length > 0 ? [`${names(nodes)}: ${needed.join("; and ")}`] : [],
  );
  if (preemption) lines.push(`preemption on ${preemption.node} would remove ${preemption.victims.join(", ")}`);
  return lines.length > 0 ? [list("One of these would help:", lines)] : [];
}

function names(nodes: readonly string[]): string {
  const more = nodes.length - namesMax;
  return more > 0 ? `${nodes.slice(0, namesMax).join(", ")}, ...` : nodes.join(", ");
}

function list(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
