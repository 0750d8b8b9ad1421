import { copy, Fields, type Node, Raw } from "./document.ts";
import type { Step } from "./step.ts";

/** How often a case is tried to make it smaller. */
const triesMost = 1500;
const triesMs = 15_000;

/** Makes a failing case smaller while it still fails: fewer requests, fewer fields, shorter values. */
export async function minimize(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<Step[]> {
  const search = new Search([...steps], fails);
  await search.run();
  return search.steps;
}

class Search {
  steps: Step[];
  readonly #fails: (steps: readonly Step[]) => Promise<boolean>;
  #tries = 0;
  readonly #deadline = performance.now() + triesMs;

  constructor(steps: Step[], fails: (steps: readonly Step[]) => Promise<boolean>) {
    this.steps = steps;
    this.#fails = fails;
  }

  async run(): Promise<void> {
    for (let at = this.steps.length - 2; at >= 0; at--) await this.#take(this.steps.toSpliced(at, 1));
    for (let shrunk = true; shrunk && !this.#isTired; ) {
      shrunk = false;
      for (let at = 0; at < this.steps.length; at++) shrunk = (await this.#shrinkBody(at)) || shrunk;
    }
    for (let at = 0; at < this.steps.length; at++) {
      const step = this.steps[at];
      const question = step?.url.indexOf("?") ?? -1;
      if (step && question >= 0) await this.#take(this.steps.with(at, { ...step, url: step.url.slice(0, question) }));
    }
  }

  get #isTired(): boolean {
    return this.#tries >= triesMost || performance.now() > this.#deadline;
  }

  async #shrinkBody(at: number): Promise<boolean> {
    let shrunk = false;
    for (let place = 0; !this.#isTired; ) {
      const step = this.steps[at];
      if (step?.body === undefined || Buffer.isBuffer(step.body)) break;
      const smaller = removals(step.body, place);
      if (smaller.length === 0) break;
      let took = false;
      for (const body of smaller) {
        took = await this.#take(this.steps.with(at, { ...step, body }));
        if (took) break;
      }
      if (took) shrunk = true;
      else place++;
    }
    return shrunk;
  }

  async #take(steps: Step[]): Promise<boolean> {
    if (steps.length === 0 || this.#isTired) return false;
    this.#tries++;
    if (!(await this.#fails(steps))) return false;
    this.steps = steps;
    return true;
  }
}

/** The document with its place of this number (in order of depth first) left out or made simpler; none after the last place. */
function removals(document: Node, place: number): Node[] {
  const results: Node[] = [];
  for (const change of ["remove", "simplify"] as const) {
    const tree = copy(document);
    let left = place;
    const visit = (node: Node): "found" | "changed" | undefined => {
      const children: Node[] =
        node instanceof Fields ? node.pairs.map(([, value]) => value) : Array.isArray(node) ? node : [];
      for (const [index, child] of children.entries()) {
        if (left-- === 0) return changeAt(node, index, child, change) ? "changed" : "found";
        const found = visit(child);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    if (visit(tree) === "changed") results.push(tree);
  }
  return results;
}

function changeAt(node: Node, index: number, child: Node, change: "remove" | "simplify"): boolean {
  if (change === "remove") {
    if (node instanceof Fields) node.pairs.splice(index, 1);
    else if (Array.isArray(node)) node.splice(index, 1);
    return true;
  }
  const simpler = simplified(child);
  if (simpler === undefined) return false;
  const pair = node instanceof Fields ? node.pairs[index] : undefined;
  if (pair) pair[1] = simpler;
  else if (Array.isArray(node)) node[index] = simpler;
  return true;
}

function simplified(node: Node): Node | undefined {
  if (typeof node === "string" && node.length > 8) return node.slice(0, node.length >> 1);
  if (Array.isArray(node) && node.length > 3) return node.slice(0, node.length >> 1);
  if (node instanceof Raw && node.text.length > 100) return new Raw(node.text.slice(0, 100));
  return undefined;
}
