import type { WorkQueue } from "../client/index.ts";

const manyObjects = 100;
const coalesceForMs = 50;
/** Above this many for each millisecond the wait grows with them, so that turns take a bounded share of the time. */
const objectsPerMs = 20;

/**
 * Adds a key because one of the objects behind it changed. With few objects it is worked on at once; with many, changes
 * of a short while are taken together, since each turn looks at all of them.
 */
export function addForOneOf(queue: WorkQueue, key: string, objects: number): void {
  if (objects < manyObjects) queue.add(key);
  else queue.addAfter(key, Math.max(coalesceForMs, objects / objectsPerMs));
}
